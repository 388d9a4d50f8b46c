package broker

import (
	"errors"
	"testing"
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
