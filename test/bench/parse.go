package main

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
)

// parsing are the tree's own Go benchmarks of its parsers, in ns a frame.
type parsing struct {
	names  []string // as `go test` prints them, in its order
	times  map[string][]float64
	allocs map[string]string
}

// parserGoals are musts and goals of PERFORMANCE for frames of about 150 B,
// in ns, by the name of their benchmark.
var parserGoals = map[string][2]float64{
	"Scan/body=100": {50, 35},
	"Decode150B":    {60, 35},
}

var benchLine = regexp.MustCompile(`^Benchmark(\S+?)(?:-\d+)?\s+\d+\s+([\d.]+) ns/op.*?(\d+) allocs/op`)

// parseParsers runs the benchmarks of the packages that read frames.
func parseParsers(ctx context.Context, repeats int) (parsing, error) {
	cmd := exec.CommandContext(ctx, "go", "test", "-run", "^$", "-bench", "^Benchmark(Scan|Decode)", "-benchmem",
		"-benchtime", "300ms", "-cpu", "1", "-count", strconv.Itoa(repeats), "./frameinspect", "./websocket")
	cmd.Dir = filepath.Join("..", "..")
	out, err := cmd.CombinedOutput()
	if err != nil {
		return parsing{}, fmt.Errorf("run the parsers' benchmarks: %w: %s", err, bytes.TrimSpace(out))
	}
	return readParsing(out), nil
}

func readParsing(out []byte) parsing {
	p := parsing{times: make(map[string][]float64), allocs: make(map[string]string)}
	for lines := bufio.NewScanner(bytes.NewReader(out)); lines.Scan(); {
		m := benchLine.FindStringSubmatch(lines.Text())
		if m == nil {
			continue
		}
		if p.times[m[1]] == nil {
			p.names = append(p.names, m[1])
		}
		ns, _ := strconv.ParseFloat(m[2], 64) // the expression lets numbers through only
		p.times[m[1]] = append(p.times[m[1]], ns)
		p.allocs[m[1]] = m[3]
	}
	return p
}

// table is Markdown, "" where nothing was measured.
func (p parsing) table() string {
	if len(p.names) == 0 {
		return ""
	}
	var b strings.Builder
	fmt.Fprintln(&b, "| parser | must | goal | ns a frame: median (min–max) | allocations | |\n|---|---|---|---|---|---|")
	for _, name := range p.names {
		s, goal, limits, verdict := spreadOf(p.times[name]), parserGoals[name], " | ", ""
		if goal[0] > 0 {
			limits = fmt.Sprintf("≤ %v | ≤ %v", goal[0], goal[1])
			verdict = judge(s.Median, goal[0], goal[1])
		}
		fmt.Fprintf(&b, "| %s | %s | %s (%s–%s) | %s | %s |\n", name, limits,
			format(s.Median), format(s.Min), format(s.Max), p.allocs[name], verdict)
	}
	return b.String()
}
