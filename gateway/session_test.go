package gateway

import (
	"io"
	"net"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stompgw/stompgw/frameinspect"
)

func TestConnectIsRewritten(t *testing.T) {
	g := newTestGateway(t, nil)
	b := g.open()
	b.text("\nCONNECT\r\naccept-version:1.1,1.2\r\nheart-beat:0,0\r\nlogin:ann\r\npasscode:a:b\\c\r\nhost:v\r\nx:1\r\nx:2\r\n\r\n\x00")
	p := g.accept()
	// RabbitMQ and ActiveMQ undo escapes in CONNECT, so a backslash is doubled.
	p.wantFrame("CONNECT\naccept-version:1.1,1.2\nheart-beat:10000,10000\nhost:v\nlogin:ann\npasscode:a:b\\\\c\nx:1\n\n")
	p.write("\nCONNECTED\nversion:1.2\nheart-beat:0,0\nserver:S/1\n\n\x00\n")
	b.wantMessage("CONNECTED\nheart-beat:10000,10000\nversion:1.2\nserver:S/1\n\n")
}

func TestCredentials(t *testing.T) {
	tests := map[string]struct {
		credentials Credentials
		in, want    string
	}{
		"fixed":          {Credentials{Login: "l", Passcode: "p\\", Host: "h"}, "login:x\npasscode:y\nhost:z\n", "host:h\nlogin:l\npasscode:p\\\\\n"},
		"fixed, no host": {Credentials{Login: "l", Passcode: "p"}, "login:x\npasscode:y\nhost:z\n", "login:l\npasscode:p\n"},
		"client's":       {Credentials{}, "login:x\npasscode:y\nhost:z\n", "host:z\nlogin:x\npasscode:y\n"},
		"none":           {Credentials{}, "", "login:\npasscode:\n"},
		"none, allowed":  {Credentials{AllowMissingLogin: true}, "", ""},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			g := newTestGateway(t, func(o *Options) { o.Credentials = tc.credentials })
			g.open().text("CONNECT\naccept-version:1.2\n" + tc.in + "\n\x00")
			g.accept().wantFrame("CONNECT\naccept-version:1.2\nheart-beat:10000,10000\n" + tc.want + "\n")
		})
	}
}

// A CRLF between frames may come in two pieces.
func TestLineEndIsCut(t *testing.T) {
	g := newTestGateway(t, nil)
	b, p := g.connect("", "")
	b.text("\r")
	b.text("\n")
	b.text("SEND\n\nx\x00")
	p.wantFrame("SEND\n\nx")
	p.write("MESSAGE\n\n1\x00\r")
	b.wantMessage("MESSAGE\n\n1")
	p.write("\n")
	p.write("MESSAGE\n\n2\x00")
	b.wantMessage("MESSAGE\n\n2")
}

// What a client sends before CONNECTED waits and then goes on in order.
func TestPipelinedFramesWait(t *testing.T) {
	g := newTestGateway(t, nil)
	b := g.open()
	b.text("CONNECT\naccept-version:1.2\n\n\x00SEND\ndestination:/q\n\n1\x00SEND\ndest")
	b.text("ination:/q\n\n2\x00")
	p := g.accept()
	p.frame()
	p.write("CONNECTED\nversion:1.2\n\n\x00")
	p.wantFrame("SEND\ndestination:/q\n\n1")
	p.wantFrame("SEND\ndestination:/q\n\n2")
	b.wantMessage("CONNECTED\nheart-beat:10000,10000\nversion:1.2\n\n")
}

func TestClientFramesReachBrokerCanonical(t *testing.T) {
	g := newTestGateway(t, nil)
	b, p := g.connect("", "")
	b.text("\n\nSEND\r\ndestination:/q\r\na:1:2\r\na:3\r\n\r\nbody\x00\r\nBEGIN\ntransaction:t\n\n\x00")
	p.wantFrame("SEND\ndestination:/q\na:1\\c2\n\nbody")
	p.wantFrame("BEGIN\ntransaction:t\n\n")
	big := repeat("0123456789", 50_000)
	for cut := 0; cut < len(big); cut += 100_000 { // one frame in several messages
		piece := big[cut : cut+100_000]
		if cut == 0 {
			piece = "SEND\ndestination:/q\n\n" + piece
		}
		b.binary(piece)
	}
	b.text("\x00")
	p.wantFrame("SEND\ndestination:/q\n\n" + big)
}

// HornetQ's connections share the names of their transactions, so each session has its own there.
func TestTransactionsOfHornetQ(t *testing.T) {
	g := newTestGateway(t, nil)
	var began []string
	for range 2 {
		b, p := g.connect("", "server:HornetQ/2.4\n")
		b.text("BEGIN\ntransaction:a\n\n\x00SEND\ndestination:/q\ntransaction:a\n\nbody\x00SEND\ndestination:/q\n\n\x00")
		began = append(began, p.frame())
		name, ok := strings.CutPrefix(began[len(began)-1], "BEGIN\ntransaction:")
		if !ok || !strings.HasSuffix(name, ".a\n\n") {
			t.Fatalf("got %q", began)
		}
		p.wantFrame("SEND\ndestination:/q\ntransaction:" + strings.TrimSpace(name) + "\n\nbody")
		p.wantFrame("SEND\ndestination:/q\n\n")
	}
	if began[0] == began[1] {
		t.Errorf("two sessions began the transaction %q", began[0])
	}
	b, p := g.connect("", "server:ActiveMQ/6\n")
	b.text("BEGIN\ntransaction:a\n\n\x00")
	p.wantFrame("BEGIN\ntransaction:a\n\n")
}

func TestOrderOfFrames(t *testing.T) {
	t.Run("before CONNECT", func(t *testing.T) {
		g := newTestGateway(t, nil)
		b := g.open()
		b.text("SEND\ndestination:/q\nreceipt:r\n\nx\x00")
		if e := b.wantError("frame_before_connect"); !strings.Contains(e, "\nreceipt-id:r\n") {
			t.Errorf("got %q, want receipt-id r", e)
		}
		b.wantClose(1002)
		g.ended(ProtocolError, 1)
	})
	t.Run("second CONNECT", func(t *testing.T) {
		g := newTestGateway(t, nil)
		b, p := g.connect("", "")
		b.text("SEND\ndestination:/q\n\nx\x00CONNECT\naccept-version:1.2\n\n\x00")
		p.wantFrame("SEND\ndestination:/q\n\nx") // what was legal is not lost
		b.wantError("second_connect")
		b.wantClose(1002)
		p.wantEOF()
	})
	t.Run("after DISCONNECT", func(t *testing.T) {
		g := newTestGateway(t, nil)
		b, p := g.connect("", "")
		b.text("DISCONNECT\nreceipt:7\n\n\x00SEND\ndestination:/q\n\nx\x00")
		p.wantFrame("DISCONNECT\nreceipt:7\n\n")
		p.wantEOF()
		b.wantError("frame_after_disconnect")
		b.wantClose(1002)
	})
	t.Run("after DISCONNECT, and the broker is quick", func(t *testing.T) {
		g := newTestGateway(t, nil)
		g.connect("", "")
		s := g.only()
		g.eventually("the session to be connected", s.isConnected)
		if err := s.judge(&frameinspect.Head{Command: frameinspect.CmdDisconnect}, nil); err != nil {
			t.Fatal(err)
		}
		s.leaving = saidGoodbye
		if err := s.judge(&frameinspect.Head{Command: frameinspect.CmdSend}, nil); err == nil {
			t.Error("a frame after DISCONNECT is not refused")
		}
		for _, err := range []error{io.EOF, syscall.ECONNRESET, errDisconnected} {
			s.endDownstream(err)
		}
		if e := s.how(); e != nil {
			t.Errorf("the broker's closing ended the session, for %s", e.reason)
		}
	})
	t.Run("unsupported version", func(t *testing.T) {
		g := newTestGateway(t, nil)
		b := g.open()
		b.text("CONNECT\naccept-version:2.0\n\n\x00")
		if e := b.wantError("unsupported_version"); !strings.Contains(e, "\nversion:1.0,1.1,1.2\n") {
			t.Errorf("got %q, want the versions that are spoken", e)
		}
		b.wantClose(1002)
	})
	t.Run("backslash in a name", func(t *testing.T) {
		g := newTestGateway(t, nil)
		for _, frame := range []string{
			"CONNECT\naccept-version:1.2\nreceipt:r\na\\s:1\n\n\x00",
			"STOMP\naccept-version:1.0\nreceipt:r\n\\n:1\n\n\x00",
		} {
			b := g.open()
			b.text(frame)
			if e := b.wantError("bad_header_name"); !strings.Contains(e, "\nreceipt-id:r\n") {
				t.Errorf("got %q, want receipt-id r", e)
			}
			b.wantClose(1002)
		}
	})
	t.Run("bad heart-beat", func(t *testing.T) {
		g := newTestGateway(t, nil)
		b := g.open()
		b.text("CONNECT\naccept-version:1.2\nheart-beat:x\n\n\x00")
		b.wantError("bad_heart_beat")
		b.wantClose(1002)
	})
}

// An attack that hides a frame in another's body must not reach the broker.
func TestSmuggledFrameDoesNotPass(t *testing.T) {
	g := newTestGateway(t, nil)
	b, p := g.connect("", "")
	b.text("ACK\nid:1\nreceipt:r\ncontent-length:40\n\nx\x00SEND\ndestination:/secret\n\nattack\x00aaaaaa\x00")
	if e := b.wantError("body_not_allowed"); !strings.Contains(e, "\nreceipt-id:r\n") {
		t.Errorf("got %q, want receipt-id r", e)
	}
	b.wantClose(1002)
	p.wantEOF()
}

func TestLimits(t *testing.T) {
	small := func(o *Options) { o.MaxHeadBeforeLogin, o.MaxHead, o.MaxBody, o.MaxHeaders = 50, 100, 100, 3 }
	t.Run("head before login", func(t *testing.T) {
		g := newTestGateway(t, small)
		b := g.open()
		b.text("CONNECT\naccept-version:1.2\nx:" + repeat("x", 40) + "\n\n\x00")
		b.wantError("head_too_big")
		b.wantClose(1009)
		g.ended(TooBig, 1)
	})
	for name, tc := range map[string]struct{ frame, code string }{
		"head":    {"SEND\nreceipt:r\nx:" + repeat("x", 100) + "\n\n\x00", "head_too_big"},
		"headers": {"SEND\nreceipt:r\na:1\nb:2\nc:3\n\n\x00", "too_many_headers"},
		"body":    {"SEND\nreceipt:r\n\n" + repeat("x", 101) + "\x00", "body_too_big"},
		"counted": {"SEND\nreceipt:r\ncontent-length:101\n\n" + repeat("x", 101) + "\x00", "body_too_big"},
	} {
		t.Run(name, func(t *testing.T) {
			g := newTestGateway(t, small)
			b, _ := g.connect("", "")
			b.text(tc.frame)
			if e := b.wantError(tc.code); !strings.Contains(e, "\nreceipt-id:r\n") {
				t.Errorf("got %q, want receipt-id r", e)
			}
			b.wantClose(1009)
		})
	}
}

func TestWebSocketViolations(t *testing.T) {
	tests := map[string]struct {
		bytes string
		code  int
	}{
		"unmasked":                {"\x81\x01x", 1002},
		"reserved bit":            {string(wsFrame(0xc1, "x")), 1002},
		"reserved opcode":         {string(wsFrame(0x83, "x")), 1002},
		"stray continuation":      {string(wsFrame(0x80, "x")), 1002},
		"message in a message":    {string(wsFrame(0x01, "x")) + string(wsFrame(0x81, "x")), 1002},
		"fragmented ping":         {string(wsFrame(0x09, "x")), 1002},
		"length not shortest":     {"\x81\xfe\x00\x01\x00\x00\x00\x00x", 1002},
		"close with bad code":     {string(wsFrame(0x88, "\x03\xed")), 1002},
		"close with half a code":  {string(wsFrame(0x88, "\x03")), 1002},
		"text that is not UTF-8":  {string(wsFrame(0x81, "\xff")), 1007},
		"text that ends too soon": {string(wsFrame(0x81, "\xe2\x98")), 1007},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			g := newTestGateway(t, nil)
			b := g.open()
			b.write(tc.bytes)
			if tc.code == 1007 {
				b.wantError("bad_utf8")
			}
			b.wantClose(tc.code)
		})
	}
}

func TestPingIsAnswered(t *testing.T) {
	g := newTestGateway(t, nil)
	b, _ := g.connect("", "")
	b.write(string(wsFrame(0x89, "are you there")))
	if m, err := b.next(); err != nil || m.op != 10 || m.payload != "are you there" {
		t.Fatalf("got %v, %v, want a pong with the ping's payload", m, err)
	}
}

func TestDisconnect(t *testing.T) {
	t.Run("with receipt", func(t *testing.T) {
		g := newTestGateway(t, nil)
		b, p := g.connect("", "")
		b.text("DISCONNECT\nreceipt:77\n\n\x00")
		p.wantFrame("DISCONNECT\nreceipt:77\n\n")
		p.write("MESSAGE\n\nlate\x00RECEIPT\nreceipt-id:77\n\n\x00")
		b.wantMessage("MESSAGE\n\nlate")
		b.wantMessage("RECEIPT\nreceipt-id:77\n\n")
		b.wantClose(1000)
		p.wantEOF()
		g.ended(Disconnected, 1)
	})
	t.Run("without receipt", func(t *testing.T) {
		g := newTestGateway(t, nil)
		b, p := g.connect("", "")
		b.text("SEND\n\nlast\x00DISCONNECT\n\n\x00")
		p.wantFrame("SEND\n\nlast")
		p.wantFrame("DISCONNECT\n\n")
		p.wantEOF()
		b.wantClose(1000)
		g.ended(Disconnected, 1)
	})
	t.Run("that the broker does not answer", func(t *testing.T) {
		g := newTestGateway(t, func(o *Options) { o.DisconnectTimeout = 50 * time.Millisecond })
		b, _ := g.connect("", "")
		b.text("DISCONNECT\nreceipt:77\n\n\x00")
		b.wantError("broker_lost")
		b.wantClose(1014)
	})
}

// What the client sent right before it left reaches the broker, and the broker's
// connection ends in order.
func TestClientLeaves(t *testing.T) {
	for name, leave := range map[string]func(*browser){
		"with a close frame": func(b *browser) { b.write(string(wsFrame(0x88, "\x03\xe9bye"))); b.wantClose(1001) },
		"without":            func(b *browser) { b.Close() },
	} {
		t.Run(name, func(t *testing.T) {
			g := newTestGateway(t, nil)
			b, p := g.connect("", "")
			b.text("SEND\n\nlast\x00")
			leave(b)
			p.wantFrame("SEND\n\nlast")
			p.wantEOF()
			g.ended(ClientClosed, 1)
		})
	}
}

func TestBrokerEnds(t *testing.T) {
	tests := map[string]struct {
		last   string
		reset  bool
		want   string // "" where nothing comes before the close
		code   int
		reason CloseReason
	}{
		"in order":              {last: "MESSAGE\n\nlast\x00\n", want: "MESSAGE\n\nlast", code: 1000, reason: BrokerClosed},
		"after an ERROR":        {last: "ERROR\nmessage:no\n\nwhy\x00", want: "ERROR\nmessage:no\n\nwhy", code: 1002, reason: BrokerClosed},
		"inside a frame":        {last: "MESSAGE\n\nla", want: "ERROR\ncode:broker_lost", code: 1014, reason: BrokerLost},
		"with a reset":          {reset: true, want: "ERROR\ncode:broker_lost", code: 1014, reason: BrokerLost},
		"speaking no STOMP":     {last: "HTTP/1.1 400 Bad Request\r\n\r\n", want: "ERROR\ncode:broker_lost", code: 1014, reason: BrokerLost},
		"with a client's frame": {last: "SEND\n\n\x00", want: "ERROR\ncode:broker_lost", code: 1014, reason: BrokerLost},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			g := newTestGateway(t, nil)
			b, p := g.connect("", "")
			p.write(tc.last)
			if tc.reset {
				if err := p.Conn.(*net.TCPConn).SetLinger(0); err != nil {
					t.Fatal(err)
				}
			}
			p.Close()
			if got := b.message(); !strings.HasPrefix(got, tc.want) {
				t.Errorf("got %q, want %q", got, tc.want)
			}
			b.wantClose(tc.code)
			g.ended(tc.reason, 1)
		})
	}
}

func TestBrokersErrorKeepsSession(t *testing.T) {
	g := newTestGateway(t, nil)
	b, p := g.connect("", "")
	p.write("ERROR\nmessage:no\n\n\x00")
	b.wantMessage("ERROR\nmessage:no\n\n")
	b.text("SEND\n\nstill here\x00")
	p.wantFrame("SEND\n\nstill here")
}

func TestCloseOnError(t *testing.T) {
	g := newTestGateway(t, func(o *Options) { o.CloseOnError = true })
	b, p := g.connect("", "")
	p.write("ERROR\nmessage:no\n\n\x00MESSAGE\n\nnever\x00")
	b.wantMessage("ERROR\nmessage:no\n\n")
	b.wantClose(1002)
	p.wantEOF()
}

// Of an ERROR that is too big to be held, the head goes out alone, and what comes
// behind it is whole.
func TestBigErrorLosesItsBody(t *testing.T) {
	trace := strings.Repeat("\tat a.b.C(D.java:1)\n", 10_000)
	g := newTestGateway(t, nil)
	b, p := g.connect("", "")
	p.write("ERROR\nmessage:no\n\n" + trace + "\x00MESSAGE\n\nnext\x00ERROR\nmessage:x.YException\n\n\tat a.b(c)\n\x00")
	b.wantMessage("ERROR\nmessage:no\ncontent-length:0\n\n")
	b.wantMessage("MESSAGE\n\nnext")
	b.wantMessage("ERROR\nmessage:the broker reported an error\ncontent-length:0\n\n")
	b.text("SEND\n\nstill here\x00")
	p.wantFrame("SEND\n\nstill here")
}

func TestErrorsAreKept(t *testing.T) {
	g := newTestGateway(t, func(o *Options) { o.KeepErrors = true })
	b, p := g.connect("", "")
	p.write("ERROR\nmessage:x.YException\n\n\tat a.b(c)\n\x00")
	b.wantMessage("ERROR\nmessage:x.YException\n\n\tat a.b(c)\n")
}

func TestLoginFails(t *testing.T) {
	login := func(t *testing.T, answer string) (*testGateway, *browser) {
		g := newTestGateway(t, func(o *Options) { o.LoginTimeout = 300 * time.Millisecond })
		b := g.open()
		b.text("CONNECT\naccept-version:1.2,1.1\nreceipt:c\n\n\x00")
		p := g.accept()
		p.frame()
		p.write(answer)
		return g, b
	}
	t.Run("refused", func(t *testing.T) {
		g, b := login(t, "ERROR\nmessage:Bad CONNECT\n\nAccess refused\x00")
		b.wantMessage("ERROR\nmessage:Bad CONNECT\n\nAccess refused")
		b.wantClose(1002)
		g.ended(BrokerClosed, 1)
	})
	for name, answer := range map[string]string{
		"another frame":         "RECEIPT\nreceipt-id:c\n\n\x00",
		"a version not offered": "CONNECTED\nversion:1.0\n\n\x00",
		"an unknown version":    "CONNECTED\nversion:9\n\n\x00",
	} {
		t.Run(name, func(t *testing.T) {
			g, b := login(t, answer)
			if e := b.wantError("broker_lost"); !strings.Contains(e, "\nreceipt-id:c\n") {
				t.Errorf("got %q, want receipt-id c", e)
			}
			b.wantClose(1014)
			g.ended(BrokerLost, 1)
		})
	}
	for name, answer := range map[string]string{"no answer": "", "half an answer": "CONNECTED\nversion:1.2\n"} {
		t.Run(name, func(t *testing.T) {
			g, b := login(t, answer)
			if e := b.wantError("broker_unavailable"); !strings.Contains(e, "\nreceipt-id:c\n") {
				t.Errorf("got %q, want receipt-id c", e)
			}
			b.wantClose(1013)
			g.ended(BrokerUnavailable, 1)
		})
	}
	t.Run("no broker", func(t *testing.T) {
		g := newTestGateway(t, nil)
		g.listener.Close()
		b := g.open()
		b.text("CONNECT\naccept-version:1.2\n\n\x00")
		b.wantError("broker_unavailable")
		b.wantClose(1013)
		g.ended(BrokerUnavailable, 1)
	})
}

// A bug in one session ends that session, with an answer.
func TestPanicIsContained(t *testing.T) {
	g := newTestGateway(t, nil)
	g.brokers = nil // so that logging in panics
	b := g.open()
	b.text("CONNECT\naccept-version:1.2\n\n\x00")
	b.wantError("internal")
	b.wantClose(1011)
	g.ended(Internal, 1)
}
