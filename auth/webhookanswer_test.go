package auth

import (
	"strings"
	"testing"
	"time"
)

// TestAnswerMistakes: the operator is told what is wrong with an answer, and nothing of
// what it says.
func TestAnswerMistakes(t *testing.T) {
	const begin = "the answer is not as expected: "
	for answer, want := range map[string]string{
		"yes":                begin + "not JSON",
		"":                   begin + "not JSON",
		`{"allow":`:          begin + "not JSON",
		`{"allow":"s3cret"}`: begin + `"allow" is not of its type`,
		`{"allow":true,"broker":{"passcode":123456}}`: begin + `"broker.passcode" is not of its type`,
		`{"allow":true,"expiry":1}`:                   begin + `json: unknown field "expiry"`,
		allowAlice + "x":                              "the answer goes on after its end",
		`{}`:                                          `the answer lacks "allow"`,
		`{"allow":true,"principal":""}`:               `the answer's "principal": the name is empty`,
	} {
		if v, err := parseAnswer([]byte(answer), time.Now()); err == nil || err.Error() != want {
			t.Errorf("%s: got %+v, %v, want %s", answer, v, err, want)
		}
	}
	v, err := parseAnswer([]byte(`{"allow":true,"principal":"alice","grants":null,"broker":null}`), time.Now())
	if err != nil || v.granted.Grants != nil || v.granted.Broker != nil {
		t.Errorf("got %+v, %v, want no grants and no login", v, err)
	}
	v, err = parseAnswer([]byte(`{"allow":false,"reason":"`+strings.Repeat("x", 1000)+`"}`), time.Now())
	if err != nil || len(v.refusal.Error()) > 200 {
		t.Errorf("got %v, %v, want a reason that is cut", v.refusal, err)
	}
}

func FuzzWebhookAnswer(f *testing.F) {
	f.Add([]byte(allowAlice))
	f.Add([]byte(`{"allow":true,"principal":"a","expires":"2030-01-01T00:00:00Z","broker":{"login":"l"}}`))
	now := time.Now()
	f.Fuzz(func(t *testing.T, text []byte) {
		v, err := parseAnswer(text, now)
		if err != nil || v.refusal != nil {
			return
		}
		if checkName(v.granted.Name) != nil || v.granted.Method != Webhook {
			t.Errorf("got %+v", v.granted)
		}
	})
}
