package cluster

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/stompgw/stompgw/internal/eventually"
)

func TestBounds(t *testing.T) {
	all := newClusterWith(t, 2, func(o *Options) { o.MaxForwarded, o.MaxBody, o.BodyTimeout = 1, 10, 100*time.Millisecond })
	session := all[0].ownedBy(all[1])
	all[0].wantStatus(session, "poll", 200)
	if status, text := all[0].browse(session, "send", "01234567890"); status != http.StatusRequestEntityTooLarge {
		t.Errorf("body: got %d %q, want 413", status, text)
	}

	// A body that does not come.
	c, err := net.Dial("tcp", all[0].browsers.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	fmt.Fprintf(c, "POST /%s/send HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nabc", session)
	_ = c.SetReadDeadline(time.Now().Add(patience))
	if answer, err := http.ReadResponse(bufio.NewReader(c), nil); err == nil && answer.StatusCode < 400 {
		t.Errorf("slow body: got %s, want no success", answer.Status)
	} else if errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("slow body: %v", err)
	}

	waiting, release := make(chan struct{}), make(chan struct{})
	all[1].serves(func(http.ResponseWriter, *http.Request) {
		close(waiting)
		<-release
	})
	done := make(chan struct{})
	go func() {
		defer close(done)
		all[0].browse(session, "poll", "")
	}()
	<-waiting
	all[0].wantStatus(session, "poll", 503)
	all[0].wantResult(full)
	close(release)
	<-done
}

// A browser that takes nothing is given up.
func TestSlowBrowser(t *testing.T) {
	all := newClusterWith(t, 2, func(o *Options) { o.WriteTimeout = 200 * time.Millisecond })
	session, gone := all[0].ownedBy(all[1]), make(chan struct{})
	all[1].serves(func(w http.ResponseWriter, r *http.Request) {
		defer close(gone)
		for r.Context().Err() == nil {
			if _, err := io.WriteString(w, strings.Repeat("x", 64<<10)); err != nil {
				return
			}
		}
	})
	c, err := net.Dial("tcp", all[0].browsers.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	fmt.Fprintf(c, "POST /%s/poll HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n", session)
	eventually.Receive(t, "the answer that nobody takes ends", gone)
}
