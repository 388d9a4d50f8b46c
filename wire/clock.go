package wire

import "time"

var epoch = time.Now()

// Now reads the clock that connections keep their times by: nanoseconds since the
// program began, never set back.
func Now() int64 { return int64(time.Since(epoch)) }

// At gives the time of a reading of the clock.
func At(now int64) time.Time { return epoch.Add(time.Duration(now)) }
