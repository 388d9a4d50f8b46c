package main

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
	"unsafe"
)

// usage is what a process, with all its living descendants, has used.
type usage struct {
	CPU  time.Duration // user and system, from the process's CPU clock (ns)
	User time.Duration // user share, from /proc/PID/stat (10 ms ticks)
	Sys  time.Duration // system share, the same
}

func (u usage) sub(v usage) usage {
	return usage{CPU: u.CPU - v.CPU, User: u.User - v.User, Sys: u.Sys - v.Sys}
}

// readUsage sums the tree under pid: websockify forks a process for each
// session. Children that have ended are not counted, so the sessions of a
// measurement must outlive it.
func readUsage(pid int) (usage, error) {
	var sum usage
	for _, p := range tree(pid) {
		cpu, err := cpuClock(p)
		if err != nil {
			if p == pid {
				return sum, fmt.Errorf("read CPU clock of process %d: %w", pid, err)
			}
			continue // a descendant that ended meanwhile
		}
		user, sys, err := statTimes(p)
		if err != nil {
			continue
		}
		sum.CPU += cpu
		sum.User += user
		sum.Sys += sys
	}
	return sum, nil
}

// cpuClock reads another process's CPU clock, as clock_getcpuclockid(3)
// would name it: (~pid << 3) | CPUCLOCK_SCHED.
func cpuClock(pid int) (time.Duration, error) {
	var ts syscall.Timespec
	_, _, errno := syscall.Syscall(syscall.SYS_CLOCK_GETTIME,
		uintptr(int32((^pid)<<3|2)), uintptr(unsafe.Pointer(&ts)), 0)
	if errno != 0 {
		return 0, errno
	}
	return time.Duration(ts.Nano()), nil
}

// statTimes reads fields 14 and 15 of /proc/PID/stat, see proc(5).
func statTimes(pid int) (user, sys time.Duration, err error) {
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return 0, 0, err
	}
	_, rest, _ := strings.Cut(string(b[bytes.LastIndexByte(b, ')')+1:]), " ")
	f := strings.Fields(rest) // f[0] is field 3
	if len(f) < 13 {
		return 0, 0, fmt.Errorf("short /proc/%d/stat", pid)
	}
	const tick = 10 * time.Millisecond // USER_HZ is 100 everywhere Go runs
	u, _ := strconv.ParseInt(f[11], 10, 64)
	s, _ := strconv.ParseInt(f[12], 10, 64)
	return time.Duration(u) * tick, time.Duration(s) * tick, nil
}

// readRSS gives the user memory of the tree under pid, in bytes: Rss of a
// single process, the sum of Pss where it has forked, so that pages shared
// between parent and children count once. No process has none.
func readRSS(pid int) (float64, error) {
	if pid == 0 {
		return 0, nil
	}
	pids := tree(pid)
	key := "Pss:"
	if len(pids) == 1 {
		key = "Rss:"
	}
	var sum int64
	for _, p := range pids {
		b, err := os.ReadFile(fmt.Sprintf("/proc/%d/smaps_rollup", p))
		if err != nil {
			if p == pid {
				return 0, fmt.Errorf("read memory of process %d: %w", pid, err)
			}
			continue
		}
		for line := range strings.Lines(string(b)) {
			if rest, ok := strings.CutPrefix(line, key); ok {
				kb, _ := strconv.ParseInt(strings.Fields(rest)[0], 10, 64)
				sum += kb << 10
			}
		}
	}
	return float64(sum), nil
}

// tree lists pid and all its descendants.
func tree(pid int) []int {
	pids := []int{pid}
	for i := 0; i < len(pids); i++ {
		lists, _ := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/children", pids[i]))
		for _, name := range lists {
			b, _ := os.ReadFile(name)
			for _, f := range strings.Fields(string(b)) {
				if p, err := strconv.Atoi(f); err == nil {
					pids = append(pids, p)
				}
			}
		}
	}
	return pids
}
