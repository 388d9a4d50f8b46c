package e2e

import (
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/stompgw/stompgw/test/gw"
	"github.com/stompgw/stompgw/test/stompws"
)

// operator asks a gateway's admin listener, with the token of its operators.
func operator(t *testing.T, g *gw.Gateway, method, path string) (status int, body string) {
	t.Helper()
	r, err := http.NewRequest(method, "http://"+g.Admin+path, nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+operatorToken)
	client := &http.Client{Timeout: stompws.Patience, Transport: &http.Transport{DisableKeepAlives: true}}
	response, err := client.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	b, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return response.StatusCode, string(b)
}

const operatorToken = "the-token-of-the-test"

// An operator finds a session at a real broker, watches its frames and ends it; the others live on.
func TestOperator(t *testing.T) {
	onlyGateway(t)
	eachBackend(t, func(t *testing.T, b *backend) {
		g := gw.Run(t, gw.Options{Env: b.env(map[string]string{"STOMPGW_ADMIN_TOKEN": operatorToken})})
		s := stompws.Open(t, g.URL, stompws.Options{})
		s.Connect(b.login()...)
		var list struct {
			Sessions []struct{ ID, Broker, Stomp string }
		}
		gw.Eventually(t, stompws.Patience, "the session is listed", func() bool {
			_, body := operator(t, g, "GET", "/sessions?state=connected&address=127.0.0.0/8")
			return json.Unmarshal([]byte(body), &list) == nil && len(list.Sessions) == 1
		})
		mine := list.Sessions[0]
		if mine.Broker != "tcp://"+b.stomp || mine.Stomp != s.Version {
			t.Errorf("got %+v", mine)
		}
		other := stompws.Open(t, g.URL, stompws.Options{})
		other.Connect(b.login()...)

		watched := make(chan string, 1)
		go func() {
			defer close(watched)
			_, body := operator(t, g, "GET", "/sessions/"+mine.ID+"/frames?frames=2")
			watched <- body
		}()
		gw.Eventually(t, stompws.Patience, "the session is watched", func() bool { return strings.Contains(g.LogText(), "session watched") })
		s.DoReceipt("SEND", "body", "destination", b.queue(t), "x-secret", "hush")
		if got := <-watched; !strings.Contains(got, `"command":"SEND"`) || !strings.Contains(got, `"command":"RECEIPT"`) ||
			!strings.Contains(got, "x-secret:***") || strings.Contains(got, "hush") {
			t.Errorf("watched: got %s", got)
		}

		if status, body := operator(t, g, "DELETE", "/sessions/"+mine.ID); status != http.StatusNoContent {
			t.Fatalf("got %d %s", status, body)
		}
		expectGatewayError(t, s.ExpectClose(4004), "operator_closed")
		g.ExpectEnd(t, "operator_closed")
		alive(t, b, other)

		status, page := operator(t, g, "GET", "/")
		if status != http.StatusOK || !strings.Contains(page, "operator_closed") || !strings.Contains(page, b.stomp) {
			t.Errorf("the page: got %d\n%s", status, page)
		}
		if up := g.Metric(t, "stompgw_broker_up"); up != 1 {
			t.Errorf("stompgw_broker_up: got %v, want 1", up)
		}
	})
}
