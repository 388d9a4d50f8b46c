package broker

import (
	"context"
	"os"
	"testing"
)

func TestStates(t *testing.T) {
	dead := refusing(t)
	_, alive := listen(t)
	s, _ := newSet(t, nil, dead, alive)
	for i, state := range s.States() {
		if want := (State{Endpoint: []string{"tcp://" + dead, "tcp://" + alive}[i], Dialect: "auto", Up: true}); state != want {
			t.Errorf("before: got %+v, want %+v", state, want)
		}
	}
	dial(t, s)
	states := s.States()
	if got := states[0]; got.Up || got.Failures != 1 || got.RetryAt.IsZero() || !got.LastGood.IsZero() {
		t.Errorf("refused: got %+v", got)
	}
	if got := states[1]; !got.Up || got.LastGood.IsZero() {
		t.Errorf("connected: got %+v", got)
	}

	s.targets[1].Answered("RabbitMQ/4.1")
	if got := s.States()[1]; got.Dialect != "rabbitmq" || !got.Up {
		t.Errorf("answered: got %+v", got)
	}
	s.targets[1].Unanswered(os.ErrDeadlineExceeded)
	if got := s.States()[1]; !got.Mute || got.Up {
		t.Errorf("unanswered: got %+v", got)
	}
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	if c, _, err := s.Dial(ctx); err == nil {
		c.Close()
	}
	if got := s.States()[1]; !got.Mute || got.Up {
		t.Errorf("a connection alone makes a mute endpoint good: got %+v", got)
	}
}
