package main

import (
	"net"
	"sync"
	"time"
)

// beater writes heart-beats on many connections from one goroutine: a wheel
// of time slots.
type beater struct {
	mu    sync.Mutex
	slots map[int64][]*beat // by due time in beatTick units
}

type beat struct {
	conn  net.Conn
	bytes []byte
	every time.Duration
}

const beatTick = 5 * time.Millisecond

func newBeater() *beater {
	b := &beater{slots: make(map[int64][]*beat)}
	go b.run()
	return b
}

// add beats on conn until a write fails, the first time after the delay.
func (b *beater) add(conn net.Conn, bytes []byte, every, delay time.Duration) {
	b.put(&beat{conn, bytes, every}, slotAt(time.Now().Add(delay))+4) // ahead of run
}

func (b *beater) put(x *beat, slot int64) {
	b.mu.Lock()
	b.slots[slot] = append(b.slots[slot], x)
	b.mu.Unlock()
}

func slotAt(t time.Time) int64 { return t.UnixNano() / int64(beatTick) }

// run lives as long as the process.
func (b *beater) run() {
	next := slotAt(time.Now())
	for range time.Tick(beatTick) {
		for ; next <= slotAt(time.Now()); next++ {
			b.mu.Lock()
			due := b.slots[next]
			delete(b.slots, next)
			b.mu.Unlock()
			for _, x := range due {
				if _, err := x.conn.Write(x.bytes); err == nil {
					b.put(x, next+int64(x.every/beatTick))
				}
			}
		}
	}
}
