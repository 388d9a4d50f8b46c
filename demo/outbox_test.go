package demo

import (
	"testing"
	"time"
)

func TestOutbox(t *testing.T) {
	o := newOutbox(10)
	o.push([]byte("12345"), nil, []byte("6789"))
	if !o.hasRoom() {
		t.Fatal("9 bytes of 10 leave no room")
	}
	o.push([]byte("a frame goes beyond"))
	if o.hasRoom() {
		t.Fatal("28 bytes of 10 leave room")
	}
	batch, size, _, open := o.take()
	if size != 28 || len(batch) != 3 || !open {
		t.Fatalf("take: got %d bytes in %d parts, open %v; want 28 in 3, true", size, len(batch), open)
	}
	if o.hasRoom() {
		t.Error("what is being written does not count")
	}
	if !o.wrote(28) || !o.hasRoom() {
		t.Error("whoever found no room is not told that there is again")
	}
	if o.wrote(0) {
		t.Error("it is told twice")
	}
}

func TestOutboxCloses(t *testing.T) {
	for drop, want := range map[bool]int{false: len("waits") + len("last"), true: len("last")} {
		o := newOutbox(100)
		o.push([]byte("waits"))
		o.close([]byte("last"), drop)
		o.push([]byte("late"))
		if _, size, _, open := o.take(); size != want || open {
			t.Errorf("drop %v: got %d bytes, open %v; want %d, false", drop, size, open, want)
		}
		if o.hasRoom() {
			t.Error("a closed outbox has room")
		}
	}
}

func TestOutboxAwaitEnds(t *testing.T) {
	o := newOutbox(1)
	o.push([]byte("full"))
	ending := make(chan struct{})
	time.AfterFunc(time.Millisecond, func() { close(ending) })
	if o.await(ending) {
		t.Error("there is room at the end")
	}
}
