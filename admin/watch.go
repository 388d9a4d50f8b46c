package admin

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/stompgw/stompgw/gateway"
)

// Bounds of watching a session.
const (
	watchSeconds    = 30
	maxWatchSeconds = 60
	watchFrames     = 1000
	maxWatchFrames  = 10_000
	writeGrace      = 5 * time.Second // beyond the time to watch, for the last line
)

// errEnough ends watching when as many frames were shown as were asked for.
var errEnough = errors.New("as many frames as were asked for")

// watchEnd is the last line of an answer.
type watchEnd struct {
	End    string `json:"end"`
	Missed int64  `json:"missed"` // frames that came faster than they could be shown
}

// watchSession shows the frames of a session as they pass, a line of JSON each.
func (o Options) watchSession(w http.ResponseWriter, r *http.Request) {
	seconds, frames, err := parseWatch(r.URL.Query())
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	limit := time.Duration(seconds) * time.Second
	control := http.NewResponseController(w)
	_ = control.SetWriteDeadline(time.Now().Add(limit + writeGrace)) // without it the server's own counts
	ctx, cancel := context.WithTimeout(r.Context(), limit)
	defer cancel()

	begun := false
	line := func(value any) error {
		if !begun {
			private(w).Set("Content-Type", "application/x-ndjson")
			begun = true
		}
		if err := json.NewEncoder(w).Encode(value); err != nil {
			return err
		}
		return control.Flush()
	}
	missed, err := o.Sessions.WatchSession(ctx, r.PathValue("id"), r.RemoteAddr, func(f gateway.WatchedFrame) error {
		if err := line(f); err != nil {
			return err
		}
		if frames--; frames == 0 {
			return errEnough
		}
		return nil
	})
	switch {
	case errors.Is(err, gateway.ErrNoSession):
		noSession(w)
		return
	case errors.Is(err, gateway.ErrWatching):
		http.Error(w, err.Error(), http.StatusConflict)
		return
	case errors.Is(err, context.DeadlineExceeded):
		err = errors.New("the time is over")
	}
	_ = line(watchEnd{err.Error(), missed}) // who watched may be gone
}

// parseWatch reads for how many seconds and frames to watch.
func parseWatch(asked url.Values) (seconds, frames int, err error) {
	seconds, frames = watchSeconds, watchFrames
	for name, value := range map[string]struct {
		to   *int
		most int
	}{"seconds": {&seconds, maxWatchSeconds}, "frames": {&frames, maxWatchFrames}} {
		text := asked.Get(name)
		if text == "" {
			continue
		}
		n, err := strconv.Atoi(text)
		if err != nil || n < 1 || n > value.most {
			return 0, 0, fmt.Errorf("%s=%q: expected 1 to %d", name, text, value.most)
		}
		*value.to = n
	}
	return seconds, frames, nil
}
