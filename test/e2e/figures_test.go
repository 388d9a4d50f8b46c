package e2e

import (
	"io"
	"math"
	"net/http"
	"regexp"
	"strconv"
	"testing"
	"time"

	"github.com/stompgw/stompgw/test/gw"
)

// figures of a gateway at one time; heap and resident are in bytes.
type figures struct{ goroutines, descriptors, heap, resident float64 }

// atRest waits until no session is left and no goroutine is on its way out, and measures.
func atRest(t *testing.T, g *gw.Gateway) figures {
	t.Helper()
	gw.Eventually(t, 30*time.Second, "no session left", func() bool { return g.Sessions(t) == 0 })
	var f, before figures
	gw.Eventually(t, 30*time.Second, "figures that stay as they are", func() bool {
		before, f = f, sampled(t, g)
		return f.goroutines == before.goroutines && f.descriptors == before.descriptors && math.Abs(f.heap-before.heap) < 100_000
	})
	return f
}

// sampled measures after a garbage collection.
func sampled(t *testing.T, g *gw.Gateway) figures {
	t.Helper()
	heap := heapAfterCollection(t, g)
	m, err := g.Scrape()
	if err != nil {
		t.Fatal(err)
	}
	return figures{m.Sum("go_goroutines"), m.Sum("process_open_fds"), heap, m.Sum("process_resident_memory_bytes")}
}

var heapAlloc = regexp.MustCompile(`(?m)^# HeapAlloc = (\d+)$`)

// heapAfterCollection has the gateway collect its garbage, and gives what was then on its heap. The metrics of the
// runtime would not do: a scrape takes up to 2 MB of heap by itself.
func heapAfterCollection(t *testing.T, g *gw.Gateway) float64 {
	t.Helper()
	client := &http.Client{Timeout: 10 * time.Second, Transport: &http.Transport{DisableKeepAlives: true}}
	resp, err := client.Get("http://" + g.Admin + "/debug/pprof/heap?gc=1&debug=1")
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	said := heapAlloc.FindSubmatch(body)
	if said == nil {
		t.Fatalf("/debug/pprof/heap: %s without HeapAlloc", resp.Status)
	}
	bytes, err := strconv.ParseFloat(string(said[1]), 64)
	if err != nil {
		t.Fatal(err)
	}
	return bytes
}
