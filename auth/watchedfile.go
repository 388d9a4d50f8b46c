package auth

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"sync"
	"time"
)

// maxFile is the most that is read of a file, in bytes.
const maxFile = 4 << 20

// watchedFile is a file that is read again when it has changed. A change that
// cannot be read or parsed leaves what was there: half a file must not lock
// everybody out.
type watchedFile[T any] struct {
	name   string
	parse  func([]byte) (T, error)
	failed func(error) // told once a change

	mu      sync.Mutex // guards what follows, and is not held while reading
	value   T
	text    []byte
	checked time.Time
}

// checkEvery is how long a file is believed to be unchanged.
const checkEvery = time.Second

// watch reads a file for the first time, which must succeed.
func watch[T any](name string, parse func([]byte) (T, error), failed func(error)) (*watchedFile[T], error) {
	w := &watchedFile[T]{name: name, parse: parse, failed: failed, checked: time.Now()}
	var err error
	if w.text, err = readFile(name); err != nil {
		return nil, err
	}
	if w.value, err = parse(w.text); err != nil {
		return nil, fmt.Errorf("read %s: %w", name, err)
	}
	return w, nil
}

// get gives what the file says. It compares the content, because neither time nor
// size tells every change, and a ConfigMap's file is a link that moves.
func (w *watchedFile[T]) get() T {
	if w.due() {
		w.read()
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.value
}

// due says that it is time to look, and that the caller shall.
func (w *watchedFile[T]) due() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	if time.Since(w.checked) < checkEvery {
		return false
	}
	w.checked = time.Now()
	return true
}

func (w *watchedFile[T]) read() {
	text, err := readFile(w.name)
	if !w.changed(text) {
		return
	}
	var value T
	if err == nil {
		value, err = w.parse(text)
	}
	if err != nil {
		w.failed(fmt.Errorf("read %s: %w; what it said before counts", w.name, err))
		return
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.value = value
}

// changed says whether the file reads otherwise than when it was last looked at;
// one that cannot be read has no text.
func (w *watchedFile[T]) changed(text []byte) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	if bytes.Equal(text, w.text) {
		return false
	}
	w.text = text
	return true
}

func readFile(name string) ([]byte, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }()
	text, err := io.ReadAll(io.LimitReader(f, maxFile+1))
	if err != nil {
		return nil, err
	}
	if len(text) > maxFile {
		return nil, fmt.Errorf("read %s: larger than %d bytes", name, maxFile)
	}
	return text, nil
}
