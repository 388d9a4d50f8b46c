package main

import (
	"bytes"
	"crypto/tls"
	"io"
	"net"
	"os"
	"strings"
	"testing"
	"time"
)

// backendAndCopy runs both in this process; they live as long as the test binary.
func backendAndCopy(t *testing.T) (backend, copied string) {
	t.Helper()
	backend, err := freeAddr()
	if err != nil {
		t.Fatal(err)
	}
	if copied, err = freeAddr(); err != nil {
		t.Fatal(err)
	}
	go runBackend(backend)
	go runCopy(copied, backend)
	for _, addr := range []string{backend, copied} {
		p := &process{name: "in test", done: make(chan struct{})}
		if err := waitListening(t.Context(), p, addr, 5*time.Second); err != nil {
			t.Fatal(err)
		}
	}
	return backend, copied
}

func TestEchoHasTheSameSize(t *testing.T) {
	addr, _ := backendAndCopy(t)
	conn, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	send := sendFrame(destEcho, 100, "")
	for i := range send { // byte by byte, as a frame may come
		if _, err := conn.Write(send[i : i+1]); err != nil {
			t.Fatal(err)
		}
	}
	_ = conn.SetReadDeadline(time.Now().Add(5 * time.Second))
	got := make([]byte, 2*len(send))
	n := 0
	for n == 0 || got[n-1] != 0 {
		k, err := conn.Read(got[n:])
		if err != nil {
			t.Fatal(err)
		}
		n += k
	}
	if n != len(send) || !bytes.HasPrefix(got, []byte("MESSAGE\n")) || !bytes.Contains(got[:n], body(100)) {
		t.Errorf("got %d bytes %q, want a MESSAGE of %d", n, got[:n], len(send))
	}
}

func TestLoads(t *testing.T) {
	backend, copied := backendAndCopy(t)
	for _, addr := range []string{backend, copied} {
		for _, kind := range []string{"rtt", "loop", "in", "out", "idle"} {
			j := job{Kind: kind, To: target{Addr: addr}, Subject: os.Getpid(), Sessions: 3, Size: 100, Chunk: 1 << 16,
				Beat: 50, Wait: 100 * time.Millisecond, Measure: 100 * time.Millisecond}
			l, err := loads[kind](t.Context(), j)
			if err != nil {
				t.Fatalf("%s: %v", kind, err)
			}
			for range 3 {
				r, err := l.slice(t.Context())
				if err != nil {
					t.Errorf("%s: %v", kind, err)
				}
				if kind != "idle" && r.Frames == 0 || r.CPU.CPU <= 0 || r.Elapsed < j.Measure {
					t.Errorf("%s: got %+v", kind, r)
				}
			}
			l.close()
		}
	}
}

// TestTLS opens sessions through TLS, and none without.
func TestTLS(t *testing.T) {
	backend, _ := backendAndCopy(t)
	b := &bench{dir: t.TempDir()}
	file, err := b.certificate()
	if err != nil {
		t.Fatal(err)
	}
	cert, err := tls.LoadX509KeyPair(file, file)
	if err != nil {
		t.Fatal(err)
	}
	l, err := tls.Listen("tcp", "127.0.0.1:0", &tls.Config{Certificates: []tls.Certificate{cert}})
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			to, err := net.Dial("tcp", backend)
			if err != nil {
				c.Close()
				return
			}
			go func() { _, _ = io.Copy(to, c); to.Close() }()
			go func() { _, _ = io.Copy(c, to); c.Close() }()
		}
	}()
	all, err := openAll(t.Context(), target{Addr: l.Addr().String(), TLS: true}, 3, 0, 0)
	if err != nil {
		t.Fatal(err)
	}
	closeAll(all)
	if all, err := openAll(t.Context(), target{Addr: l.Addr().String()}, 1, 0, 0); err == nil {
		closeAll(all)
		t.Error("a session without TLS was opened")
	}
}

func TestRatiosAreOfTheSameSlice(t *testing.T) {
	at := func(repeat, slice int, d time.Duration) trial {
		return trial{Repeat: repeat, Slice: slice, Result: result{P50: d}}
	}
	m := &measured{
		figure: figure{base: "copy", subjects: []string{"stompgw", "copy"}},
		trials: map[string][]trial{
			"copy":    {at(0, 0, 1000), at(0, 1, 8000), at(1, 0, 2000), {Repeat: 2, Err: "broke"}},
			"stompgw": {at(2, 0, 9000), at(1, 0, 3000), at(0, 0, 1500), at(0, 1, 20000)},
		},
	}
	abs, ratio := m.of(value{of: p50, must: 2, ratio: true}, "stompgw")
	if want := (spread{Median: 9, Min: 3, Max: 10.75, N: 3}); abs != want {
		t.Errorf("got %+v, want %+v", abs, want)
	}
	if ratio != (spread{Median: 1.75, Min: 1.5, Max: 2, N: 2}) {
		t.Errorf("got ratios %+v, want 2 and 1.5", ratio)
	}
}

func TestUnknownFigureIsNamed(t *testing.T) {
	_, err := choose(figures(quickScale), "rtt,nonsense", "")
	if err == nil || !strings.Contains(err.Error(), `"nonsense"`) {
		t.Errorf("got %v, want the unknown figure named", err)
	}
}

func TestReadParsing(t *testing.T) {
	p := readParsing([]byte("goos: linux\nBenchmarkScan/body=100-2   5041245   40.5 ns/op   1366.46 MB/s   0 B/op   0 allocs/op\n" +
		"BenchmarkScan/body=100-2   5041245   60.5 ns/op   1366.46 MB/s   0 B/op   0 allocs/op\nPASS\n"))
	if got, want := p.table(), "| Scan/body=100 | ≤ 50 | ≤ 35 | 50.5 (40.5–60.5) | 0 | **missed** |"; !strings.Contains(got, want) {
		t.Errorf("got %q, want %q in it", got, want)
	}
}
