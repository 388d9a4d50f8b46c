package broker

import (
	"errors"
	"io"
	"os"
	"testing"
	"time"
)

// A broker that takes connections and answers none is passed over like one that
// takes none, however often it takes one, until it answers.
func TestMuteEndpointIsPassedOver(t *testing.T) {
	_, mute := listen(t)
	_, good := listen(t)
	s, a := newSet(t, nil, mute, good)
	if got := dial(t, s); got != mute {
		t.Fatalf("got %s first, want %s", got, mute)
	}
	s.targets[0].Unanswered(errors.New("no answer"))
	for range 3 {
		if got := dial(t, s); got != good {
			t.Fatalf("got %s, want %s", got, good)
		}
	}
	s.targets[0].downTill = s.targets[0].lastGood // the back-off is over
	before := a.of(mute)
	if got := dial(t, s); got != mute {
		t.Fatalf("got %s, want one attempt at %s", got, mute)
	}
	if got := dial(t, s); got != good || a.of(mute) != before+1 {
		t.Fatalf("got %s and %d attempts at %s, want no second one before it answers", got, a.of(mute)-before, mute)
	}
	s.targets[0].Answered("RabbitMQ/3")
	if got := dial(t, s); got != mute {
		t.Errorf("got %s after an answer, want %s", got, mute)
	}
}

// A connection that ends behind a CONNECT may do so for what that client said,
// while others are answered. Silence is the endpoint's own.
func TestOneClientMutesNoEndpoint(t *testing.T) {
	_, first := listen(t)
	_, second := listen(t)
	for _, test := range []struct {
		name     string
		err      error
		answered time.Duration // ago
		want     string
	}{
		{"closed while it answers others", io.EOF, 0, first},
		{"closed, and it answers nobody", io.EOF, time.Minute, second},
		{"silent", os.ErrDeadlineExceeded, 0, second},
	} {
		t.Run(test.name, func(t *testing.T) {
			s, _ := newSet(t, nil, first, second)
			s.targets[0].Answered("RabbitMQ/3")
			s.targets[0].answered = time.Now().Add(-test.answered)
			dial(t, s)
			s.targets[0].Unanswered(test.err)
			if got := dial(t, s); got != test.want {
				t.Errorf("got %s, want %s", got, test.want)
			}
		})
	}
}
