package main

import (
	"os"
	"strconv"
	"strings"
	"time"
)

// machineBusy is the CPU time spent by everybody, stolen time included.
func machineBusy() (time.Duration, error) {
	b, err := os.ReadFile("/proc/stat")
	if err != nil {
		return 0, err
	}
	line, _, _ := strings.Cut(string(b), "\n")
	var ticks int64
	for i, f := range strings.Fields(line)[1:9] {
		if i == 3 || i == 4 {
			continue // idle, waiting for a disk
		}
		n, _ := strconv.ParseInt(f, 10, 64)
		ticks += n
	}
	return time.Duration(ticks) * 10 * time.Millisecond, nil
}
