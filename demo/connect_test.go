package demo

import (
	"strings"
	"testing"
	"time"
)

func TestVersionNegotiation(t *testing.T) {
	tests := map[string]struct{ connect, want string }{
		"none offered is 1.0":   {"CONNECT\n\n\x00", "CONNECTED; version:1.0; server:stompgw-demo/7; -heart-beat"},
		"1.0":                   {"CONNECT\naccept-version:1.0\nheart-beat:1000,1000\n\n\x00", "CONNECTED; version:1.0; -heart-beat"},
		"1.1":                   {"CONNECT\naccept-version:1.1\nhost:x\n\n\x00", "CONNECTED; version:1.1; heart-beat:1000,1000"},
		"1.2":                   {"CONNECT\naccept-version:1.2\nhost:x\n\n\x00", "CONNECTED; version:1.2; heart-beat:1000,1000; session:s1"},
		"the highest":           {"CONNECT\naccept-version:1.2,1.0,1.1\n\n\x00", "CONNECTED; version:1.2"},
		"the highest of two":    {"CONNECT\naccept-version:1.0,1.1\n\n\x00", "CONNECTED; version:1.1"},
		"unknown ones are lost": {"CONNECT\naccept-version:2.0,1.1\n\n\x00", "CONNECTED; version:1.1"},
		"STOMP":                 {"STOMP\naccept-version:1.2\nhost:x\n\n\x00", "CONNECTED; version:1.2"},
		"CRLF":                  {"CONNECT\r\naccept-version:1.2\r\n\r\n\x00", "CONNECTED; version:1.2"},
		"any login":             {"CONNECT\naccept-version:1.2\nlogin:a:b\\\npasscode:c\n\n\x00", "CONNECTED; version:1.2; -login; -passcode"},
		"receipt":               {"CONNECT\naccept-version:1.2\nreceipt:r\n\n\x00", "CONNECTED; receipt-id:r"},
		"only unknown":          {"CONNECT\naccept-version:2.0\nreceipt:r\n\n\x00", "ERROR; version:1.0,1.1,1.2; message:unsupported version; receipt-id:r | this broker speaks STOMP 1.0,1.1,1.2\n"},
		"bad heart-beat":        {"CONNECT\naccept-version:1.2\nheart-beat:often\n\n\x00", "ERROR; message:bad heart-beat"},
		"something else first":  {"SEND\ndestination:/topic/t\nreceipt:r\n\n\x00", "ERROR; message:not connected; receipt-id:r"},
		"nonsense first":        {"GET / HTTP/1.1\r\n\r\n", "ERROR; message:malformed frame"},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			c := dial(t, start(t, Options{Version: "7"}).addr)
			c.tell(tc.connect)
			c.want(tc.want)
			if strings.HasPrefix(tc.want, "ERROR") {
				c.wantClosed()
			}
		})
	}
}

// A client may send on before it is answered.
func TestPipelining(t *testing.T) {
	c := dial(t, start(t, Options{}).addr)
	c.tell("CONNECT\naccept-version:1.2\n\n\x00\n" +
		"SUBSCRIBE\nid:x\ndestination:/topic/t\n\n\x00\n\n" +
		"SEND\ndestination:/topic/t\na:\\c\n\nhi\x00DISCONNECT\nreceipt:r\n\n\x00\n")
	c.want("CONNECTED; version:1.2")
	c.want(`MESSAGE; a:\c | hi`)
	c.want("RECEIPT; receipt-id:r")
	c.wantClosed()
}

func TestConnectTimeout(t *testing.T) {
	for name, begin := range map[string]string{"silence": "", "drip": "CONNECT\naccept-v", "line ends": "\n\n"} {
		t.Run(name, func(t *testing.T) {
			r := start(t, Options{ConnectTimeout: 20 * time.Millisecond})
			c := dial(t, r.addr)
			c.tell(begin)
			c.want("ERROR; message:no CONNECT")
			c.wantClosed()
			r.wantEnd(t, EndConnectTimeout)
		})
	}
}

func TestHeartBeatsAreSent(t *testing.T) {
	for _, version := range since11 {
		r := start(t, Options{HeartBeat: 10 * time.Millisecond})
		c := dial(t, r.addr)
		c.tell("CONNECT\naccept-version:" + version + "\nheart-beat:0,30\n\n\x00")
		c.want("CONNECTED; heart-beat:10,10")
		begin := time.Now()
		for c.beats < 5 {
			if err := c.readBeats(); err != nil {
				t.Fatalf("%s: after %d heart-beats: %v", version, c.beats, err)
			}
		}
		// A tenth early each is what the broker means to be.
		if took := time.Since(begin); took < 5*27*time.Millisecond-5*time.Millisecond {
			t.Errorf("%s: 5 heart-beats in %v, agreed on one in 30ms", version, took)
		}
	}
}

// readBeats reads once, and counts the line ends.
func (c *client) readBeats() error {
	_ = c.conn.SetReadDeadline(time.Now().Add(patience))
	n, err := c.conn.Read(c.buffer)
	c.beats += strings.Count(string(c.buffer[:n]), "\n")
	return err
}

func TestNoHeartBeatsUnlessAskedFor(t *testing.T) {
	r := start(t, Options{HeartBeat: time.Millisecond})
	for _, headers := range []string{"accept-version:1.0\nheart-beat:1,1", "accept-version:1.2", "accept-version:1.2\nheart-beat:0,0"} {
		c := dial(t, r.addr)
		c.tell("CONNECT\n" + headers + "\n\n\x00")
		c.want("CONNECTED")
		_ = c.conn.SetReadDeadline(time.Now().Add(20 * time.Millisecond))
		if n, err := c.conn.Read(c.buffer); n > 0 || !isTimeout(err) {
			t.Errorf("%q: read %q, %v; want silence", headers, c.buffer[:n], err)
		}
	}
}

func isTimeout(err error) bool {
	t, ok := err.(interface{ Timeout() bool })
	return ok && t.Timeout()
}

func TestHeartBeatsAreEnforced(t *testing.T) {
	for _, version := range since11 {
		r := start(t, Options{HeartBeat: time.Millisecond})
		c := dial(t, r.addr)
		c.tell("CONNECT\naccept-version:" + version + "\nheart-beat:75,0\n\n\x00")
		c.want("CONNECTED")
		// Beats keep the session for longer than silence would.
		tick := time.NewTicker(30 * time.Millisecond)
		var last time.Time
		for range 10 {
			<-tick.C
			last = time.Now()
			c.tell("\n")
		}
		tick.Stop()
		c.want("ERROR; message:heart-beat lost")
		if after := time.Since(last); after < 150*time.Millisecond {
			t.Errorf("%s: lost after %v of silence, want twice 75ms", version, after)
		}
		c.wantClosed()
		r.wantEnd(t, EndHeartBeatLost)
	}
}
