package policy

import (
	"context"
	"path/filepath"
	"time"

	"github.com/fsnotify/fsnotify"
)

// settle is how long the directory must be quiet before the file is read: editors
// and kubelets make several changes of one.
const settle = 100 * time.Millisecond

// lookEvery is how often the file is read although nothing was heard of a change:
// its directory may have been replaced.
const lookEvery = time.Minute

// watch reads the policy again when something changes in its directory. The file
// of a ConfigMap is a link through ..data, which is what changes there.
func (e *Engine) watch(ctx context.Context) (err error) {
	watcher, err := fsnotify.NewWatcher()
	if err != nil {
		return err
	}
	defer func() {
		if e := watcher.Close(); err == nil {
			err = e
		}
	}()
	if err := watcher.Add(filepath.Dir(e.options.File)); err != nil {
		return err
	}
	// What changed between NewEngine and now made no event.
	quiet := time.NewTimer(settle)
	defer quiet.Stop()
	look := time.NewTicker(lookEvery)
	defer look.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-watcher.Events:
			quiet.Reset(settle)
		case err := <-watcher.Errors:
			return err
		case <-look.C:
			quiet.Reset(0)
		case <-quiet.C:
			// OnReload has the error, and the next change brings the next attempt.
			_ = e.reload(true)
		}
	}
}
