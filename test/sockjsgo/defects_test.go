package sockjsgo

import (
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/gorilla/websocket"
	bare "github.com/igm/sockjs-go/v3/sockjs"
	"github.com/prometheus/client_golang/prometheus"
	"go.uber.org/zap"

	"github.com/stompgw/stompgw/gateway"
	"github.com/stompgw/stompgw/sockjs"
)

// stall opens a streaming answer that nobody reads, and fills it.
func (s *target) stall(id string) session {
	c := s.start("POST /x/0/"+id+"/xhr_streaming", "", "")
	_ = c.Conn.(*net.TCPConn).SetReadBuffer(4 << 10)
	n := s.next()
	go n.send(strings.Repeat("x", 32<<20))
	time.Sleep(stuck / 4) // so that the sockets are full; nothing tells
	return n
}

func TestStalledClientHoldsUpNobody(t *testing.T) { // 1
	each(t, func(s *target) error {
		s.stall("slow")
		s.start("POST /x/0/slow/xhr", "", "")
		for i := range 3 {
			if _, _, err := s.do(stuck, fmt.Sprintf("POST /x/0/other%d/xhr", i), "", ""); err != nil {
				return fmt.Errorf("another session: %w", err)
			}
		}
		return nil
	})
}

func TestSendBufferIsBounded(t *testing.T) { // 2
	each(t, func(s *target) error {
		n := s.open("a", "")
		chunk, taken := strings.Repeat("x", 1<<20-10), atomic.Int64{}
		within(stuck, func() {
			for range 64 {
				if n.send(chunk) != nil {
					return
				}
				taken.Add(int64(len(chunk)))
			}
		})
		if taken := taken.Load(); taken > 41<<20 {
			return fmt.Errorf("took %d bytes that nobody polls for", taken)
		}
		return nil
	})
}

func TestPostIsBounded(t *testing.T) { // 3
	each(t, func(s *target) error {
		n := s.open("a", "")
		go n.receive()
		status, _, err := s.do(patience, "POST /x/0/a/xhr_send", "", `["`+strings.Repeat("x", 8<<20)+`"]`)
		if status != http.StatusRequestEntityTooLarge && err == nil {
			return fmt.Errorf("8 MiB: got %d, want 413", status)
		}
		return nil
	})
}

func TestBadPostIsNotAnsweredWell(t *testing.T) { // 4
	for _, body := range []string{`["a",1]`, `{"a":"b"}`, `["a"]["b"]`} {
		each(t, func(s *target) error {
			n := s.open("a", "")
			go func() {
				for {
					if _, err := n.receive(); err != nil {
						return
					}
				}
			}()
			status, _, err := s.do(patience, "POST /x/0/a/xhr_send", "", body)
			if err != nil || status != http.StatusInternalServerError {
				return fmt.Errorf("%s: got %d, %v, want 500", body, status, err)
			}
			return nil
		})
	}
}

func TestCloseDeliversWhatWaits(t *testing.T) { // 5
	each(t, func(s *target) error {
		n := s.open("a", "")
		if err := n.send("last words"); err != nil {
			return err
		}
		go n.close(3000, "Go away!")
		time.Sleep(stuck / 10) // so that the close comes before the poll
		_, text, err := s.do(patience, "POST /x/0/a/xhr", "", "")
		if err != nil || text != "a[\"last words\"]\n" {
			return fmt.Errorf("got %q, %v, want the last words", text, err)
		}
		if _, text, err = s.do(patience, "POST /x/0/a/xhr", "", ""); err != nil || text != "c[3000,\"Go away!\"]\n" {
			return fmt.Errorf("got %q, %v, want the close frame", text, err)
		}
		return nil
	})
}

func TestSessionIsItsOpeners(t *testing.T) { // 6
	each(t, func(s *target) error {
		n := s.open("a", "ann")
		go n.send("secret")
		if status, text, _ := s.do(stuck, "POST /x/0/a/xhr", "eve", ""); status != http.StatusNotFound {
			return fmt.Errorf("another client: got %d %q, want 404", status, text)
		}
		return nil
	})
}

func TestFactsAreOfTheOpening(t *testing.T) { // 7
	each(t, func(s *target) error {
		n := s.open("a", "ann")
		go n.send("m")
		_, _, _ = s.do(stuck, "POST /x/0/a/xhr", "eve", "")
		if got := n.openedBy(); got != "ann" {
			return fmt.Errorf("got %q for who opened the session, want ann", got)
		}
		return nil
	})
}

func TestNothingWaitsForEverForAStalledClient(t *testing.T) { // 8
	each(t, func(s *target) error {
		n := s.stall("slow")
		if !within(4*stuck, func() { n.close(1000, "") }) {
			return errors.New("closing waits for the client")
		}
		return nil
	})
}

// ours gives a gateway with the origin policy that a gateway has by default, and no broker.
// most is how many sessions stompgw is allowed.
const most = 60

func ours(t *testing.T, change func(*gateway.Options)) string {
	o := gateway.Options{
		Origins:        gateway.OriginPolicy{Same: true, Missing: true},
		ConnectTimeout: patience, LoginTimeout: patience, FrameTimeout: patience, CloseTimeout: time.Second, SlowClientTimeout: patience,
		PingInterval: patience, DisconnectTimeout: patience, MaxSessions: most, MaxHeadBeforeLogin: 1 << 10, MaxHeaders: 10,
		SockJS: &sockjs.Options{
			Transports: []string{sockjs.WebSocket, sockjs.XHR, sockjs.JSONP, sockjs.HTMLFile}, ClientURL: "https://static.example/sockjs.js",
			HeartBeat: patience, DisconnectDelay: patience, StreamLimit: 1 << 20, Buffer: 1 << 20, MaxPost: 1 << 20,
		},
	}
	if change != nil {
		change(&o)
	}
	srv := httptest.NewServer(gateway.New(o, nil, zap.NewNop(), prometheus.NewRegistry()).SockJS("/x"))
	t.Cleanup(func() { srv.Listener.Close(); srv.CloseClientConnections() })
	return srv.URL
}

func bareURL(t *testing.T, f func(bare.Session)) string {
	srv := httptest.NewServer(bare.NewHandler("/x", bare.DefaultOptions, f))
	t.Cleanup(func() { srv.Listener.Close(); srv.CloseClientConnections() })
	return srv.URL
}

// eachURL is each for what the gateway, and not its package sockjs, owes.
func eachURL(t *testing.T, test func(t *testing.T, url string) error) {
	t.Helper()
	t.Run("sockjs-go", func(t *testing.T) {
		if test(t, bareURL(t, func(bare.Session) {})) == nil {
			t.Error("the defect did not show: is this test able to fail?")
		}
	})
	t.Run("stompgw", func(t *testing.T) {
		if err := test(t, ours(t, nil)); err != nil {
			t.Error(err)
		}
	})
}

func get(t *testing.T, url string, header, value string) *http.Response {
	t.Helper()
	r, err := http.NewRequest(http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set(header, value)
	response, err := (&http.Client{Timeout: patience, Transport: &http.Transport{DisableKeepAlives: true}}).Do(r)
	if err != nil {
		t.Fatal(err)
	}
	response.Body.Close()
	return response
}

func TestOriginsAreJudged(t *testing.T) { // 9
	eachURL(t, func(t *testing.T, url string) error {
		r := get(t, url+"/x/info", "Origin", "https://evil.example")
		if r.StatusCode != http.StatusForbidden || r.Header.Get("Access-Control-Allow-Origin") != "" {
			return fmt.Errorf("got %s and %v, want 403", r.Status, r.Header)
		}
		return nil
	})
}

func TestOldTransportsAreJudgedToo(t *testing.T) { // 10
	for _, path := range []string{"/x/0/a/jsonp?c=f", "/x/0/a/htmlfile?c=f", "/x/0/a/jsonp?c=" + strings.Repeat("f", 5000)} {
		eachURL(t, func(t *testing.T, url string) error {
			if r := get(t, url+path, "Referer", "https://evil.example/"); r.StatusCode == http.StatusOK {
				return fmt.Errorf("%.40s: a page of another origin gets %s", path, r.Status)
			}
			return nil
		})
	}
}

func TestIframeIsNotForAnybody(t *testing.T) { // 11
	eachURL(t, func(t *testing.T, url string) error {
		policy := get(t, url+"/x/iframe.html", "X", "x").Header.Get("Content-Security-Policy")
		if !strings.Contains(policy, "frame-ancestors 'self'") || !strings.Contains(policy, "script-src https://static.example/sockjs.js") {
			return fmt.Errorf("got policy %q", policy)
		}
		return nil
	})
}

// A panic behind one session must not end the process. The library's does, so this runs in another process.
func TestPanicIsContained(t *testing.T) { // 12
	const variable = "SOCKJSGO_PANIC"
	open := func(base string) error {
		post := func(what, body string) error {
			r, err := http.Post(base+"/x/0/a/"+what, "text/plain", strings.NewReader(body))
			if err == nil {
				r.Body.Close()
			}
			return err
		}
		return errors.Join(post("xhr", ""), post("xhr_send", `["CONNECT\n\n\u0000"]`), post("xhr", ""))
	}
	switch os.Getenv(variable) {
	case "sockjs-go":
		_ = open(bareURL(t, func(bare.Session) { panic("on purpose") }))
		time.Sleep(stuck)
		return
	case "stompgw":
		if err := open(ours(t, nil)); err != nil { // there is no broker, so logging in panics
			t.Fatal(err)
		}
		return
	}
	for name, survives := range map[string]bool{"sockjs-go": false, "stompgw": true} {
		cmd := exec.Command(os.Args[0], "-test.run=^TestPanicIsContained$")
		cmd.Env = append(os.Environ(), variable+"="+name)
		if out, err := cmd.CombinedOutput(); (err == nil) != survives {
			t.Errorf("%s: got %v, survives: %v\n%.2000s", name, err, survives, out)
		}
	}
}

// When the application is done with a session, its client hears of it. In stompgw every session ends in Close, a
// panic's too.
func TestEndOfApplicationClosesSession(t *testing.T) { // 13
	eachURL(t, func(t *testing.T, url string) error {
		client := &http.Client{Timeout: stuck * 3, Transport: &http.Transport{DisableKeepAlives: true}}
		last := ""
		for _, step := range [][2]string{{"xhr", ""}, {"xhr_send", `["CONNECT\n\n\u0000"]`}, {"xhr", ""}, {"xhr", ""}} {
			r, err := client.Post(url+"/x/0/a/"+step[0], "text/plain", strings.NewReader(step[1]))
			if err != nil {
				return err
			}
			b := make([]byte, 100)
			n, _ := r.Body.Read(b)
			r.Body.Close()
			last = string(b[:n])
			if strings.HasPrefix(last, "c[1011,") {
				return nil
			}
		}
		return fmt.Errorf("got %q, want a close frame", last)
	})
}

func TestPostOfAClientThatLeftEnds(t *testing.T) { // 14
	each(t, func(s *target) error {
		s.open("a", "")
		before := runtime.NumGoroutine()
		var conns []*conn
		for range 100 {
			conns = append(conns, s.start("POST /x/0/a/xhr_send", "", `["x"]`))
		}
		for deadline := time.Now().Add(patience); runtime.NumGoroutine() < before+90; time.Sleep(time.Millisecond) {
			if time.Now().After(deadline) {
				return errors.New("the requests did not wait")
			}
		}
		for _, c := range conns {
			c.Close()
		}
		for deadline := time.Now().Add(2 * stuck); runtime.NumGoroutine() > before+10; time.Sleep(10 * time.Millisecond) {
			if time.Now().After(deadline) {
				return fmt.Errorf("%d goroutines stayed", runtime.NumGoroutine()-before)
			}
		}
		return nil
	})
}

// One poll follows the other at once, and none is told that there is another. The library says so now and then: most
// often within two thousand polls on two cores.
func TestNoFalse2010(t *testing.T) { // 15
	poll := func(t *testing.T, s *target, times int) error {
		n := s.open("a", "")
		client := &http.Client{Timeout: patience}
		defer client.CloseIdleConnections()
		for i := range times {
			if err := n.send(fmt.Sprint(i)); err != nil {
				return err
			}
			r, err := client.Post("http://"+s.addr+"/x/0/a/xhr", "text/plain", nil)
			if err != nil {
				return err
			}
			text, err := io.ReadAll(r.Body)
			r.Body.Close()
			if want := fmt.Sprintf("a[\"%d\"]\n", i); err != nil || string(text) != want {
				return fmt.Errorf("poll %d: got %q, %v, want %q", i, text, err, want)
			}
		}
		return nil
	}
	t.Run("sockjs-go", func(t *testing.T) {
		if err := poll(t, newBare(t), 100_000); err == nil || !strings.Contains(err.Error(), "c[2010,") {
			t.Errorf("got %v, want a false 2010: is this test able to fail?", err)
		}
	})
	t.Run("stompgw", func(t *testing.T) {
		if err := poll(t, newOurs(t), 5_000); err != nil {
			t.Error(err)
		}
	})
}

func TestSessionsAreCapped(t *testing.T) { // 16
	eachURL(t, func(t *testing.T, url string) error {
		for i := range most + 1 {
			r, err := http.Post(fmt.Sprintf("%s/x/0/%d/xhr", url, i), "text/plain", nil)
			if err != nil {
				return err
			}
			r.Body.Close()
			if r.StatusCode == http.StatusServiceUnavailable {
				return nil
			}
		}
		return errors.New("as many sessions as anybody likes")
	})
}

func TestEmptyWebSocketMessage(t *testing.T) { // 17
	eachURL(t, func(t *testing.T, base string) error {
		u, err := url.Parse(base)
		if err != nil {
			return err
		}
		c, _, err := websocket.DefaultDialer.Dial("ws://"+u.Host+"/x/0/a/websocket", nil)
		if err != nil {
			return err
		}
		defer c.Close()
		if err := c.WriteMessage(websocket.TextMessage, nil); err != nil {
			return err
		}
		if err := c.WriteMessage(websocket.TextMessage, []byte(`[]`)); err != nil {
			return err
		}
		_ = c.SetReadDeadline(time.Now().Add(stuck))
		for {
			_, message, err := c.ReadMessage()
			var timeout net.Error
			switch {
			case errors.As(err, &timeout) && timeout.Timeout():
				return nil // still open
			case err != nil:
				return err
			case strings.HasPrefix(string(message), "c["):
				return fmt.Errorf("closed with %s", message)
			}
		}
	})
}

// A session by WebSocket that waits costs a goroutine, two when it is logged in, and not the library's four.
func TestWebSocketSessionsAreLight(t *testing.T) { // 18
	eachURL(t, func(t *testing.T, base string) error {
		const count = 50
		before := runtime.NumGoroutine()
		for i := range count {
			c, _, err := websocket.DefaultDialer.Dial(strings.Replace(base, "http://", "ws://", 1)+fmt.Sprintf("/x/0/%d/websocket", i), nil)
			if err != nil {
				return err
			}
			defer c.Close()
			if _, open, err := c.ReadMessage(); err != nil || string(open) != "o" {
				return fmt.Errorf("got %q, %v, want the open frame", open, err)
			}
		}
		for deadline := time.Now().Add(stuck); runtime.NumGoroutine() > before+2*count; time.Sleep(10 * time.Millisecond) {
			if time.Now().After(deadline) {
				return fmt.Errorf("%d goroutines for %d sessions", runtime.NumGoroutine()-before, count)
			}
		}
		return nil
	})
}
