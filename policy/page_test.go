package policy

import (
	"os"
	"regexp"
	"testing"
)

// The cases that docs/policy.md shows come out as it says, under the policy that
// it shows.
func TestPageCases(t *testing.T) {
	page, err := os.ReadFile("../docs/policy.md")
	if err != nil {
		t.Fatal(err)
	}
	blocks := regexp.MustCompile("(?s)```yaml\n(.*?)```").FindAllSubmatch(page, -1)
	if len(blocks) != 2 {
		t.Fatalf("got %d blocks of YAML, want the policy and the cases", len(blocks))
	}
	p, err := Parse("policy.yaml", blocks[0][1])
	if err != nil {
		t.Fatal(err)
	}
	cases, err := ParseCases("policy.cases.yaml", blocks[1][1])
	if err != nil {
		t.Fatal(err)
	}
	differences, err := cases.Run(p)
	if err != nil || cases.Len() == 0 {
		t.Fatalf("%d cases: %v", cases.Len(), err)
	}
	for _, d := range differences {
		t.Error(d)
	}
}
