package e2e

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/stompgw/stompgw/test/stompws"
)

// arrays are ways to bring STOMP octets in SockJS messages: arrays of strings.
var arrays = map[string]func(octets string) []string{
	"one string":              func(octets string) []string { return []string{array(octets)} },
	"a string for each octet": func(octets string) []string { return []string{array(octetByOctet(octets)...)} },
	"a message for each five octets": func(octets string) []string {
		return each(slices.Collect(slices.Chunk([]byte(octets), 5)), func(o []byte) string { return array(string(o)) })
	},
	"every character escaped": func(octets string) []string {
		return []string{`["` + strings.Join(each(octetByOctet(octets), func(o string) string { return fmt.Sprintf(`\u%04x`, o[0]) }), "") + `"]`}
	},
	"empty strings between": func(octets string) []string { return []string{array("", octets[:7], "", octets[7:], "")} },
	"white space between":   func(octets string) []string { return []string{" [\n" + array(octets)[1:] + "\t"} },
	"behind heart-beats":    func(octets string) []string { return []string{array("\n", "\n\n", octets)} },
}

func array(messages ...string) string {
	text, err := json.Marshal(messages)
	if err != nil {
		panic(err) // strings always marshal
	}
	return string(text)
}

func each[T any](list []T, change func(T) string) []string {
	var all []string
	for _, s := range list {
		all = append(all, change(s))
	}
	return all
}

// TestSmugglingOverSockJS brings a denied frame in every way in which SockJS can cut and write it.
func TestSmugglingOverSockJS(t *testing.T) {
	onlyGateway(t)
	eachBackend(t, func(t *testing.T, b *backend) {
		g, line := b.guarded(t, onlyAllowed)
		base := "http://" + g.Listen + "/stomp/000/"
		greet := strings.NewReplacer("{host}", b.user.Host, "{login}", b.user.Login, "{passcode}", b.user.Passcode).Replace(greeting) + "\n\x00"
		t.Run("all", func(t *testing.T) {
			for name, cut := range arrays {
				t.Run("websocket, "+name, func(t *testing.T) {
					t.Parallel()
					tag := newTag()
					s := stompws.Open(t, strings.Replace(base, "http", "ws", 1)+tag+"/websocket", stompws.Options{Subprotocols: []string{}})
					for _, m := range append([]string{array(greet)}, cut(attack{}.fill(b, hidden, tag))...) {
						_ = s.Write(stompws.Message{Data: []byte(m)})
					}
					expectSockJSDenial(t, func() string {
						m, err := s.ReadMessage(stompws.Patience)
						return fmt.Sprintf("%s %v", m.Data, errOrNothing(err))
					})
					expectUnheard(t, line, tag)
				})
				for _, way := range []string{"xhr", "jsonp"} {
					t.Run(way+", "+name, func(t *testing.T) {
						t.Parallel()
						tag := newTag()
						poll := func() string { return request(t, http.MethodPost, base+tag+"/xhr", "", "") }
						send := func(m string) { request(t, http.MethodPost, base+tag+"/xhr_send", "text/plain", m) }
						if way == "jsonp" {
							poll = func() string { return request(t, http.MethodGet, base+tag+"/jsonp?c=cb", "", "") }
							send = func(m string) {
								request(t, http.MethodPost, base+tag+"/jsonp_send", "application/x-www-form-urlencoded", "d="+url.QueryEscape(m))
							}
						}
						poll()
						var sending sync.WaitGroup
						sending.Go(func() { // beside the polls: a session that ends takes nothing more
							for _, m := range append([]string{array(greet)}, cut(attack{}.fill(b, hidden, tag))...) {
								send(m)
							}
						})
						expectSockJSDenial(t, poll)
						sending.Wait()
						expectUnheard(t, line, tag)
					})
				}
			}
		})
	})
}

// expectSockJSDenial reads until SockJS's close frame, which must be about a denial.
func expectSockJSDenial(t *testing.T, next func() string) {
	t.Helper()
	said := ""
	for range 20 {
		got := next()
		said += got
		if strings.Contains(got, "c[") || strings.Contains(got, "error") {
			break
		}
	}
	if !strings.Contains(said, "c[1008,") || !strings.Contains(said, `code:denied`) {
		t.Errorf("got %q, want an ERROR with the code denied and a close frame of 1008", said)
	}
}

func errOrNothing(err error) string {
	if err != nil {
		return "error: " + err.Error()
	}
	return ""
}

// request makes a request as a page of the gateway's own origin does.
func request(t *testing.T, method, target, contentType, body string) string {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, target, strings.NewReader(body))
	if err != nil {
		t.Error(err)
		return "error"
	}
	r.Header.Set("Origin", "http://"+r.URL.Host)
	r.Header.Set("Content-Type", contentType)
	r.Close = true
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}, Timeout: stompws.Patience}
	resp, err := client.Do(r)
	if err != nil {
		t.Error(err)
		return "error"
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Error(err)
		return "error"
	}
	return strings.ReplaceAll(string(text), `\"`, `"`) // JSONP quotes once more
}
