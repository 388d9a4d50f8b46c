package brokers

import (
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"time"
)

// QueueMessages asks the management interface how many messages lie in a queue of a virtual host, those that wait
// (ready) and those that a consumer has but did not acknowledge (unacked). A queue that is not there has none. The
// numbers lag by up to a second or two, so poll.
func (r *RabbitMQ) QueueMessages(host, queue string) (ready, unacked int, err error) {
	var q struct {
		Ready   int `json:"messages_ready"`
		Unacked int `json:"messages_unacknowledged"`
	}
	err = r.get("/api/queues/"+url.PathEscape(host)+"/"+url.PathEscape(queue), &q)
	return q.Ready, q.Unacked, err
}

// Connections asks the management interface how many client connections of all protocols are open.
func (r *RabbitMQ) Connections() (int, error) {
	var o struct {
		Totals struct {
			Connections int `json:"connections"`
		} `json:"object_totals"`
	}
	err := r.get("/api/overview", &o)
	return o.Totals.Connections, err
}

// Peers asks the management interface who its clients are: host:port of each.
func (r *RabbitMQ) Peers() ([]string, error) {
	var connections []struct {
		Host string `json:"peer_host"`
		Port int    `json:"peer_port"`
	}
	err := r.get("/api/connections", &connections)
	var peers []string
	for _, c := range connections {
		peers = append(peers, net.JoinHostPort(c.Host, strconv.Itoa(c.Port)))
	}
	return peers, err
}

// get leaves out as it is when the object does not exist.
func (r *RabbitMQ) get(path string, out any) error {
	req, err := http.NewRequest(http.MethodGet, "http://"+r.Management+path, nil)
	if err != nil {
		return err
	}
	req.SetBasicAuth(r.Guest.Login, r.Guest.Passcode)
	req.Close = true // no idle connection is left for the leak check to find
	client := &http.Client{Timeout: 10 * time.Second}
	resp, err := client.Do(req)
	if err != nil {
		return fmt.Errorf("ask RabbitMQ management: %w", err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		return fmt.Errorf("ask RabbitMQ management: %w", err)
	}
	switch resp.StatusCode {
	case http.StatusOK:
		return json.Unmarshal(body, out)
	case http.StatusNotFound:
		return nil
	}
	return fmt.Errorf("ask RabbitMQ management: GET %s: %s: %s", path, resp.Status, body)
}
