package gateway

import (
	"testing"
	"time"
)

func TestVersion10HasNoHeartBeat(t *testing.T) {
	g := newTestGateway(t, nil)
	b := g.open()
	b.text("CONNECT\nlogin:a\npasscode:b\n\n\x00")
	p := g.accept()
	p.wantFrame("CONNECT\nlogin:a\npasscode:b\n\n")
	p.write("CONNECTED\nsession:1\n\n\x00")
	b.wantMessage("CONNECTED\nsession:1\n\n")
	b.text("NACK\nmessage-id:1\n\n\x00")
	b.wantError("unknown_command")
	b.wantClose(1002)
}

// A client that speaks 1.0 only sends no heart-beats, so none are promised for it.
func TestVersion10OfferedPromisesNoHeartBeat(t *testing.T) {
	g := newTestGateway(t, nil)
	b := g.open()
	b.text("CONNECT\naccept-version:1.0\nheart-beat:10,10\n\n\x00")
	g.accept().wantFrame("CONNECT\naccept-version:1.0\n\n")
}

// Where the version is left to the broker, heart-beats are kept in 1.0 as well.
func TestVersion10ChosenKeepsHeartBeats(t *testing.T) {
	g := newTestGateway(t, func(o *Options) { o.BrokerHeartBeat = beats(beat, beat) })
	b := g.open()
	b.text("CONNECT\naccept-version:1.0,1.1\n\n\x00")
	p := g.accept()
	p.frame()
	p.write("CONNECTED\nversion:1.0\nheart-beat:50,50\n\n\x00") // as RabbitMQ does
	b.wantMessage("CONNECTED\nversion:1.0\n\n")
	_ = p.SetReadDeadline(time.Now().Add(patience))
	if c, err := p.r.ReadByte(); err != nil || c != '\n' {
		t.Errorf("got %q, %v, want the heart-beat that CONNECT promised", c, err)
	}
}
