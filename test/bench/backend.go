package main

import (
	"bytes"
	"context"
	"fmt"
	"math/rand/v2"
	"net"
	"strconv"
	"strings"
	"time"
)

// runBackend is a STOMP 1.2 server that knows just what the figures need and
// costs little: a SEND to destEcho comes back as a MESSAGE of the same size, one to
// destSink is swallowed, one to destBlast is answered with a burst of MESSAGEs;
// receipts are given, heart-beats are sent as asked. It does not return.
func runBackend(listen string) error {
	l, err := listenQuietly(listen)
	if err != nil {
		return err
	}
	beats := newBeater()
	for {
		c, err := l.Accept()
		if err != nil {
			return err
		}
		b := &backendConn{conn: c, beats: beats}
		go b.serve()
	}
}

// listenQuietly listens without TCP keep-alives: probes on every one of a
// hundred thousand idle sockets would be a load of their own.
func listenQuietly(addr string) (net.Listener, error) {
	quiet := net.ListenConfig{KeepAlive: -1}
	return quiet.Listen(context.Background(), "tcp", addr)
}

// backendConn is one session; all fields belong to its goroutine.
type backendConn struct {
	conn  net.Conn
	beats *beater
	skip  int    // bytes of a swallowed body still to come
	owed  string // receipt due after them
	out   []byte // answers to the bytes read last

	batches map[int][]byte // a write's worth of messages, by the size of a body
}

func (b *backendConn) serve() {
	defer b.conn.Close()
	// Small while idle: ten thousand sessions are held here too.
	buf, have := make([]byte, 512), 0
	for {
		n, err := b.conn.Read(buf[have:])
		if err != nil {
			return
		}
		have += n
		full := have == len(buf)
		used, err := b.consume(buf[:have])
		if err == nil && len(b.out) > 0 {
			_, err = b.conn.Write(b.out)
			b.out = b.out[:0]
		}
		if err != nil {
			return
		}
		have = copy(buf, buf[used:have])
		if full && len(buf) < 256<<10 {
			buf = append(make([]byte, 0, 256<<10), buf[:have]...)[:256<<10]
		}
	}
}

// consume handles the whole frames in p and says how many bytes they were.
func (b *backendConn) consume(p []byte) (int, error) {
	used := 0
	for {
		q := p[used:]
		if b.skip > 0 {
			n := min(b.skip, len(q))
			used, b.skip = used+n, b.skip-n
			if b.skip > 0 {
				return used, nil
			}
			b.receipt(b.owed)
			continue
		}
		for len(q) > 0 && (q[0] == '\n' || q[0] == '\r') {
			q = q[1:]
			used++
		}
		end := bytes.Index(q, []byte("\n\n"))
		if end < 0 {
			return used, nil
		}
		head, size := q[:end+2], contentLength(q[:end+1])
		if bytes.HasPrefix(head, []byte("SEND\n")) && bytes.Contains(head, []byte(destSink)) {
			b.skip, b.owed = size+1, header(head, "receipt")
			used += len(head)
			continue
		}
		total := len(head) + size + 1
		if len(q) < total {
			return used, nil
		}
		if q[total-1] != 0 {
			return used, fmt.Errorf("no NUL after %q", head)
		}
		if err := b.frame(q[:total], head); err != nil {
			return used, err
		}
		used += total
	}
}

// frame answers one whole frame.
func (b *backendConn) frame(f, head []byte) error {
	switch command, _, _ := bytes.Cut(head, []byte("\n")); string(command) {
	case "CONNECT", "STOMP":
		return b.connect(head)
	case "SEND":
		if spec, ok := strings.CutPrefix(header(head, "destination"), destBlast); ok {
			return b.blast(spec)
		}
		return b.echo(f, head)
	default:
		b.receipt(header(head, "receipt"))
		return nil
	}
}

func (b *backendConn) connect(head []byte) error {
	_, wants, _ := strings.Cut(header(head, "heart-beat"), ",")
	beat, _ := strconv.Atoi(wants)
	b.out = fmt.Appendf(b.out, "CONNECTED\nversion:1.2\nserver:bench\nheart-beat:%d,%d\n\n\x00", beat, beat)
	if beat > 0 {
		every := time.Duration(beat) * time.Millisecond
		b.beats.add(b.conn, []byte("\n"), every, time.Duration(rand.Int64N(int64(every))))
	}
	return nil
}

// echo turns the SEND into a MESSAGE of exactly its size: the headers are
// written anew, the message-id fills what is left.
func (b *backendConn) echo(f, head []byte) error {
	size := contentLength(head)
	start := len(b.out)
	b.out = append(b.out, "MESSAGE\nsubscription:0\ndestination:/queue/echo\ncontent-length:"...)
	b.out = strconv.AppendInt(b.out, int64(size), 10)
	b.out = append(b.out, "\nmessage-id:"...)
	pad := len(head) - (len(b.out) - start) - 2
	if pad < 1 {
		return fmt.Errorf("no room for a MESSAGE in the %d bytes of %q", len(head), head)
	}
	const digits = "00000000000000000000000000000000000000000000000000000000000000000000000000000000"
	b.out = append(b.out, digits[:pad]...)
	b.out = append(b.out, "\n\n"...)
	b.out = append(b.out, f[len(head):]...)
	return nil
}

// blast writes count messages, as many in one write as fit into 64 KiB.
func (b *backendConn) blast(spec string) error {
	c, s, _ := strings.Cut(spec, "/")
	count, err := strconv.Atoi(c)
	if err != nil {
		return err
	}
	size, err := strconv.Atoi(s)
	if err != nil {
		return err
	}
	frame := len(messageFrame(size, 0))
	perWrite := max(1, writeSize/frame)
	batch := b.batches[size]
	if batch == nil {
		for id := range perWrite {
			batch = append(batch, messageFrame(size, id)...)
		}
		b.batches = map[int][]byte{size: batch}
	}
	for ; count > 0; count -= perWrite {
		if _, err := b.conn.Write(batch[:min(count, perWrite)*frame]); err != nil {
			return err
		}
	}
	return nil
}

func (b *backendConn) receipt(id string) {
	if id != "" {
		b.out = append(append(append(b.out, "RECEIPT\nreceipt-id:"...), id...), "\n\n\x00"...)
	}
}

// contentLength reads the header out of a head, 0 where there is none.
func contentLength(head []byte) int {
	n := 0
	if i := bytes.Index(head, []byte("\ncontent-length:")); i >= 0 {
		for _, c := range head[i+len("\ncontent-length:"):] {
			if c < '0' || c > '9' {
				break
			}
			n = n*10 + int(c-'0')
		}
	}
	return n
}

// header gives the value of a header, not un-escaped: the benchmark's need none.
func header(head []byte, name string) string {
	i := bytes.Index(head, []byte("\n"+name+":"))
	if i < 0 {
		return ""
	}
	v, _, _ := bytes.Cut(head[i+len(name)+2:], []byte("\n"))
	return string(v)
}
