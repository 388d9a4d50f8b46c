package policy

import (
	"context"
	"fmt"
	"path/filepath"
	"time"

	"github.com/fsnotify/fsnotify"
)

// How changes are noticed: editors and kubelets make several of one, so the file is
// read when the directory has been quiet for a moment. It may never be, where a log
// is written beside the policy. Where no event comes, as from network file systems
// or when the directory was replaced, a look in between finds the change.
const (
	settle       = 100 * time.Millisecond
	settleWithin = time.Second
	lookEvery    = time.Minute
)

// watch reads the policy again when something changes in its directory. The file
// of a ConfigMap is a link through ..data, which is what changes there. What fails
// of watching is told, and leaves the looks in between.
func (e *Engine) watch(ctx context.Context) {
	watcher, err := fsnotify.NewWatcher()
	if err != nil {
		e.watchFailed(err)
		watcher = &fsnotify.Watcher{} // whose channels never give anything
	} else {
		defer func() { _ = watcher.Close() }() // nothing is lost with it
		e.watchFailed(e.watchFolder(watcher))
	}
	look := time.NewTicker(lookEvery)
	defer look.Stop()
	e.follow(ctx, watcher, look.C)
}

func (e *Engine) follow(ctx context.Context, watcher *fsnotify.Watcher, look <-chan time.Time) {
	// What changed between NewEngine and now made no event.
	changed := time.Now()
	quiet := time.NewTimer(settle)
	defer quiet.Stop()
	// settling puts the reading off, but not for ever.
	settling := func() {
		if changed.IsZero() {
			changed = time.Now()
		}
		quiet.Reset(min(settle, time.Until(changed.Add(settleWithin))))
	}
	for {
		select {
		case <-ctx.Done():
			return
		case <-watcher.Events:
			settling()
		case err := <-watcher.Errors:
			e.watchFailed(err)
			settling() // events were lost, perhaps
		case <-look:
			if watcher.Events != nil {
				_ = e.watchFolder(watcher) // where it fails, reading says more
			}
			_ = e.reload(true, false) // what is wrong is told again with each look: alerts go by that
		case <-quiet.C:
			changed = time.Time{}
			// OnReload has the error, and the next change brings the next attempt.
			_ = e.reload(true, true)
		}
	}
}

// watchFolder watches the directory of the file, which may be another than before;
// the kernel forgets one that is gone.
func (e *Engine) watchFolder(w *fsnotify.Watcher) error {
	return w.Add(filepath.Dir(e.options.File))
}

func (e *Engine) watchFailed(err error) {
	if err != nil && e.options.OnReload != nil {
		e.options.OnReload(fmt.Errorf("watch the policy file: %w", err))
	}
}
