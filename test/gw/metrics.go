package gw

import (
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"
)

// Metrics is one scrape of /metrics: the value of each series under its full text, `name{label="value",…}`.
type Metrics map[string]float64

// Scrape reads /metrics.
func (g *Gateway) Scrape() (Metrics, error) {
	status, body, err := g.get("/metrics")
	if err != nil {
		return nil, fmt.Errorf("scrape stompgw: %w", err)
	}
	if status != http.StatusOK {
		return nil, fmt.Errorf("scrape stompgw: status %d", status)
	}
	m := Metrics{}
	for line := range strings.Lines(string(body)) {
		line = strings.TrimSpace(line)
		if line == "" || line[0] == '#' {
			continue
		}
		cut := strings.LastIndexByte(line, ' ')
		v, err := strconv.ParseFloat(line[cut+1:], 64)
		if err != nil {
			return nil, fmt.Errorf("scrape stompgw: line %q: %w", line, err)
		}
		m[line[:cut]] = v
	}
	return m, nil
}

// Sum adds the series of a name that carry all the labels, each written `label="value"`. Without one it is 0, and
// Has tells.
func (m Metrics) Sum(name string, labels ...string) float64 {
	sum := 0.0
	for series, v := range m {
		if matches(series, name, labels) {
			sum += v
		}
	}
	return sum
}

// Has says whether there is such a series.
func (m Metrics) Has(name string, labels ...string) bool {
	for series := range m {
		if matches(series, name, labels) {
			return true
		}
	}
	return false
}

func matches(series, name string, labels []string) bool {
	own, rest, _ := strings.Cut(series, "{")
	if own != name {
		return false
	}
	for _, l := range labels {
		if !strings.Contains(","+strings.TrimSuffix(rest, "}")+",", ","+l+",") {
			return false
		}
	}
	return true
}

// Metric is the sum of one scrape.
func (g *Gateway) Metric(t testing.TB, name string, labels ...string) float64 {
	t.Helper()
	m, err := g.Scrape()
	if err != nil {
		t.Fatal(err)
	}
	return m.Sum(name, labels...)
}

// Ends is the number of sessions that ended for the reason.
func (g *Gateway) Ends(t testing.TB, reason string) float64 {
	t.Helper()
	return g.Metric(t, "stompgw_session_ends_total", `reason="`+reason+`"`)
}

// ExpectEnd waits until just one session has ended for the reason; the count comes after the closing handshake.
func (g *Gateway) ExpectEnd(t testing.TB, reason string) {
	t.Helper()
	Eventually(t, 10*time.Second, "one session that ended as "+reason, func() bool { return g.Ends(t, reason) == 1 })
}

// Sessions is the number of sessions that are open.
func (g *Gateway) Sessions(t testing.TB) float64 {
	t.Helper()
	return g.Metric(t, "stompgw_sessions")
}
