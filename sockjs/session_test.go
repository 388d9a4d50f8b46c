package sockjs

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/stompgw/stompgw/internal/eventually"
)

// stop closes a session whose client nobody is, without waiting.
func stop(s *Session) {
	s.Abort()
	s.Close(nil, 1000, "", time.Now())
}

func TestSecondReceiver(t *testing.T) {
	s := newTestServer(t, nil)
	session, x := s.open("a", XHRStreaming)
	x.want(strings.Repeat("h", 2048) + "\no\n")
	s.poll("a", XHR).wantBody(`c[2010,"Another connection still open"]` + "\n")
	send(t, session, "still")
	x.want("a[\"still\"]\n") // the first is not disturbed
}

// Polls that follow each other as fast as they can never meet.
func TestPollsInSequence(t *testing.T) {
	s := newTestServer(t, nil)
	session, x := s.open("a", XHR)
	x.wantBody("o\n")
	big := strings.Repeat("x", 5000) // more than net/http holds back
	for i := range 500 {
		m := fmt.Sprint(i)
		if i%2 == 1 {
			m += big
		}
		send(t, session, m)
		s.poll("a", XHR).wantBody(`a["` + m + "\"]\n")
	}
}

// A poll that is given up, answered in part or not, ends the session: what was
// written to it may be lost.
func TestInterruptedPoll(t *testing.T) {
	for _, transport := range []string{XHR, XHRStreaming} {
		t.Run(transport, func(t *testing.T) {
			s := newTestServer(t, nil)
			session, x := s.open("a", XHR)
			x.wantBody("o\n")
			y := s.send("POST /x/1/a/"+transport, "", "")
			eventually.True(t, "the poll", func() bool { session.mu.Lock(); defer session.mu.Unlock(); return session.receiver != nil })
			y.Close()
			if _, err := session.Receive(); !errors.Is(err, ErrInterrupted) {
				t.Fatalf("got %v, want %v", err, ErrInterrupted)
			}
			s.poll("a", XHR).wantBody(`c[1002,"Connection interrupted"]` + "\n")
			if err := session.Send([][]byte{[]byte("x")}, false); !errors.Is(err, ErrInterrupted) {
				t.Errorf("send: got %v, want %v", err, ErrInterrupted)
			}
			session.Close(nil, 1002, "Connection interrupted", timeIn(patience)) // nobody to wait for
			s.poll("a", XHR).wantBody(`c[1002,"Connection interrupted"]` + "\n")
		})
	}
}

// A poll waits for longer than net/http would let a request last.
func TestPollOutlastsServersLimits(t *testing.T) {
	s := newTestServer(t, nil)
	session, x := s.open("a", XHRStreaming)
	time.Sleep(2 * httpLimit)
	send(t, session, "m")
	x.want(strings.Repeat("h", 2048) + "\no\na[\"m\"]\n")
}

// A stream may be silent for longer than a write may take: heart-beats are as a rule
// further apart. In HTTP/2, as between members of a cluster, a write deadline that
// nobody takes back ends it.
func TestSilentStream(t *testing.T) {
	s := newTestServer(t, func(o *Options) { o.WriteTimeout, o.HeartBeat = 100*time.Millisecond, 300*time.Millisecond })
	client, url, _ := s.http2()
	ctx, leave := context.WithTimeout(t.Context(), patience)
	defer leave()
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, url+"/x/0/a/"+XHRStreaming, nil)
	if err != nil {
		t.Fatal(err)
	}
	answer, err := client.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	session := s.session()
	x := &exchange{t: t, response: answer}
	x.want(strings.Repeat("h", 2048) + "\no\nh\nh\n")
	send(t, session, "m")
	x.want("a[\"m\"]\n")
	stop(session)
}

func TestAbsentPoller(t *testing.T) {
	s := newTestServer(t, func(o *Options) { o.DisconnectDelay = 50 * time.Millisecond })
	session, x := s.open("a", XHR)
	x.wantBody("o\n")
	if _, err := session.Receive(); !errors.Is(err, ErrAbsent) {
		t.Fatalf("got %v, want %v", err, ErrAbsent)
	}
	session.Close(nil, 1002, "Connection interrupted", timeIn(patience))
	eventually.True(t, "the closed session to be forgotten", func() bool { return s.Len() == 0 })
}

// A message that is there between two polls waits; one larger than the budget
// ends the session; one in parts comes as one.
func TestBudget(t *testing.T) {
	s := newTestServer(t, func(o *Options) { o.Buffer = 1000 })
	session, x := s.open("a", XHR)
	x.wantBody("o\n")
	send(t, session, strings.Repeat("a", 600), strings.Repeat("b", 400))
	blocked := make(chan error, 1)
	go func() { blocked <- session.Send([][]byte{[]byte("c")}, false) }()
	select {
	case err := <-blocked:
		t.Fatalf("got %v for a message over the budget, want it to wait", err)
	case <-time.After(50 * time.Millisecond):
	}
	s.poll("a", XHR).wantBody(`a["` + strings.Repeat("a", 600) + `","` + strings.Repeat("b", 400) + "\"]\n")
	if err := <-blocked; err != nil {
		t.Fatal(err)
	}
	if err := session.Send([][]byte{[]byte("d1 ")}, true); err != nil {
		t.Fatal(err)
	}
	s.poll("a", XHR).wantBody("a[\"c\"]\n") // not the begin of d
	send(t, session, "d2", "e")
	s.poll("a", XHR).wantBody("a[\"d1 d2\",\"e\"]\n")

	if err := session.Send([][]byte{[]byte(strings.Repeat("f", 700))}, true); err != nil {
		t.Fatal(err)
	}
	if err := session.Send([][]byte{[]byte(strings.Repeat("f", 700))}, true); !errors.Is(err, ErrTooBig) {
		t.Fatalf("got %v, want %v", err, ErrTooBig)
	}
	go session.Close([]byte(strings.Repeat("last", 300)), 1009, "too big", timeIn(patience))
	s.poll("a", XHR).wantBody(`a["` + strings.Repeat("last", 300) + "\"]\n") // not the part, and over the budget
	s.poll("a", XHR).wantBody(`c[1009,"too big"]` + "\n")
}

func TestNobodyMakesRoom(t *testing.T) {
	s := newTestServer(t, func(o *Options) { o.Buffer, o.WriteTimeout = 10, 50*time.Millisecond })
	session, x := s.open("a", XHR)
	x.wantBody("o\n")
	send(t, session, "0123456789")
	if err := session.Send([][]byte{[]byte("x")}, false); !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Fatalf("got %v, want a deadline to pass", err)
	}
}

// A client that takes little at a time is none that takes nothing.
func TestRoomComesSlowly(t *testing.T) {
	const step = 200 * time.Millisecond
	s := newTestServer(t, func(o *Options) { o.Buffer, o.WriteTimeout = 10, 5*step })
	session, x := s.open("a", XHR)
	x.wantBody("o\n")
	send(t, session, "0123456789")
	session.take() // a poll that is being answered, a byte a step
	begin := time.Now()
	sent := make(chan error, 1)
	go func() { sent <- session.Send([][]byte{[]byte("0123456789")}, false) }()
	for range 10 {
		select {
		case err := <-sent:
			t.Fatalf("got %v after %v", err, time.Since(begin))
		case <-time.After(step):
			session.wrote(1)
		}
	}
	if err := <-sent; err != nil {
		t.Fatal(err)
	}
}

func TestInterruptAndAbort(t *testing.T) {
	s := newTestServer(t, func(o *Options) { o.Buffer = 10 })
	session, x := s.open("a", XHR)
	x.wantBody("o\n")
	send(t, session, "0123456789")
	blocked, received := make(chan error, 1), make(chan error, 1)
	go func() { blocked <- session.Send([][]byte{[]byte("x")}, false) }()
	go func() { _, err := session.Receive(); received <- err }()
	session.Interrupt(timeIn(20 * time.Millisecond))
	for name, c := range map[string]chan error{"Send": blocked, "Receive": received} {
		if err := <-c; !errors.Is(err, os.ErrDeadlineExceeded) {
			t.Errorf("%s: got %v, want a deadline to pass", name, err)
		}
	}
	closed := make(chan struct{})
	go func() { session.Close(nil, 1000, "", timeIn(patience)); close(closed) }()
	session.Abort()
	session.Abort()
	<-closed
}

// A poll that does not read is given up after the write timeout, and disturbs
// nobody meanwhile.
func TestStalledPoll(t *testing.T) {
	s := newTestServer(t, func(o *Options) { o.Buffer, o.WriteTimeout, o.StreamLimit = 32<<20, 3*time.Second, 64<<20 })
	session, x := s.open("slow", XHRStreaming)
	if err := x.Conn.(*net.TCPConn).SetReadBuffer(4 << 10); err != nil {
		t.Fatal(err)
	}
	chunk := [][]byte{[]byte(strings.Repeat("x", 1<<20))}
	for range 16 { // more than the sockets hold
		if err := session.Send(chunk, false); err != nil {
			break
		}
	}
	begin := time.Now()
	for i := range 20 {
		id := fmt.Sprint("quick", i)
		other, y := s.open(id, XHR)
		y.wantBody("o\n")
		send(t, other, "m")
		s.poll(id, XHR).wantBody("a[\"m\"]\n")
	}
	t.Logf("20 other sessions took %v", time.Since(begin))
	if _, err := session.Receive(); !errors.Is(err, ErrSlow) || !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Fatalf("got %v, want %v", err, ErrSlow)
	}
}

// What waits, the last words and the close frame reach a client that polls.
func TestCloseLingers(t *testing.T) {
	s := newTestServer(t, nil)
	session, x := s.open("a", XHR)
	x.wantBody("o\n")
	send(t, session, "one")
	closed := make(chan struct{})
	go func() { session.Close([]byte("ERROR"), 1008, "no", timeIn(0)); close(closed) }()
	eventually.True(t, "the close frame", func() bool { session.mu.Lock(); defer session.mu.Unlock(); return session.closeFrame != nil })
	s.poll("a", XHR).wantBody("a[\"one\",\"ERROR\"]\n")
	select {
	case <-closed:
		t.Fatal("closed before the close frame was taken")
	default:
	}
	s.poll("a", XHR).wantBody(`c[1008,"no"]` + "\n")
	<-closed
}

// Whoever closes a session cuts it off right behind. That must not break an answer
// that has the close frame and lacks its end: a browser throws away what it has
// of an answer that breaks.
func TestAbortBehindCloseBreaksNoAnswer(t *testing.T) {
	s := newTestServer(t, nil)
	session, x := s.open("a", XHRStreaming)
	x.want(strings.Repeat("h", 2048) + "\no\n")
	session.mu.Lock()
	rc := session.receiver
	session.mu.Unlock()
	session.saidGoodbye() // as the receiver says when it has written the close frame
	session.Abort()
	session.mu.Lock()
	defer session.mu.Unlock()
	if rc.cutOff {
		t.Error("the answer was cut off between its close frame and its end")
	}
}

func TestCloseGivesUp(t *testing.T) {
	s := newTestServer(t, func(o *Options) { o.DisconnectDelay = 50 * time.Millisecond })
	session, x := s.open("a", XHR)
	x.wantBody("o\n")
	session.Close([]byte("ERROR"), 1008, "no", timeIn(0))
	eventually.True(t, "the closed session to be forgotten", func() bool { return s.Len() == 0 })
}

func TestClosedSessionsAreBounded(t *testing.T) {
	s := newTestServer(t, func(o *Options) { o.MaxClosed = 3 })
	for i := range 10 {
		session, x := s.open(fmt.Sprint(i), XHR)
		x.wantBody("o\n")
		stop(session)
	}
	if got := s.Len(); got != 3 {
		t.Errorf("got %d closed sessions, want 3", got)
	}
}

// Streaming answers end after the limit, and the next goes on where they ended.
func TestStreamLimit(t *testing.T) {
	s := newTestServer(t, func(o *Options) { o.StreamLimit = 4096 })
	session, x := s.open("a", XHRStreaming)
	m := strings.Repeat("x", 128)
	var got strings.Builder
	for i := 0; ; i++ {
		send(t, session, m)
		if i == 40 {
			break
		}
	}
	got.WriteString(x.body())
	if n := got.Len() - 2049; n < 4096 || n > 4096+41*132 {
		t.Errorf("got %d bytes in an answer, want a little more than 4096", n)
	}
	for strings.Count(got.String(), m) < 41 {
		y := s.poll("a", XHRStreaming)
		y.want(strings.Repeat("h", 2048) + "\n")
		send(t, session, strings.Repeat("y", 4096))
		got.WriteString(y.body())
	}
}

func TestSessionIsItsOpeners(t *testing.T) {
	s := newTestServer(t, nil)
	x := s.ask("POST /x/1/a/xhr", "Owner: ann\r\n", "")
	x.wantBody("o\n")
	session := s.session()
	send(t, session, "secret")
	for _, line := range []string{"POST /x/1/a/xhr", "POST /x/1/a/xhr_streaming", "POST /x/1/a/xhr_send", "GET /x/1/a/eventsource", "GET /x/1/a/jsonp?c=cb"} {
		s.ask(line, "Owner: eve\r\n", `["x"]`[:0]).wantStatus(404)
	}
	// The owner is let in whatever the server segment says.
	s.ask("POST /x/999/a/xhr", "Owner: ann\r\n", "").wantBody("a[\"secret\"]\n")
	go session.Close(nil, 1000, "", timeIn(patience))
	s.ask("POST /x/1/a/xhr", "Owner: ann\r\n", "").wantBody(`c[1000,""]` + "\n")
	s.ask("POST /x/1/a/xhr", "Owner: eve\r\n", "").wantStatus(404) // nor is the end told
}

func TestRefusedSessionIsForgotten(t *testing.T) {
	s := newTestServer(t, nil)
	s.refuse = true
	s.ask("POST /x/1/a/xhr", "", "").wantStatus(503)
	if s.Len() != 0 {
		t.Errorf("got %d sessions, want none", s.Len())
	}
}
