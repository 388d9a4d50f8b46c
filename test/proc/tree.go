package proc

import (
	"bytes"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
)

// member is one process, told apart from a later one with the same id by its start time.
type member struct {
	pid, ppid int
	start     string
	state     string
}

func stat(pid int) (member, bool) {
	b, err := os.ReadFile(filepath.Join("/proc", strconv.Itoa(pid), "stat"))
	if err != nil {
		return member{}, false
	}
	// The name in parentheses may hold anything; the fields start after the last one, proc(5).
	f := strings.Fields(string(b[bytes.LastIndexByte(b, ')')+1:]))
	if len(f) < 20 {
		return member{}, false
	}
	ppid, _ := strconv.Atoi(f[1])
	return member{pid: pid, ppid: ppid, state: f[0], start: f[19]}, true
}

// alive is false for a zombie: it holds no port, memory or file.
func (m member) alive() bool {
	now, ok := stat(m.pid)
	return ok && now.start == m.start && now.state != "Z" && now.state != "X"
}

func (m member) kill() {
	if m.alive() {
		_ = syscall.Kill(m.pid, syscall.SIGKILL)
	}
}

// descendants returns the process and everything below it, as far as it runs right now.
func descendants(root int) []member {
	dirs, _ := filepath.Glob("/proc/[0-9]*")
	below := map[int][]member{}
	for _, d := range dirs {
		pid, _ := strconv.Atoi(filepath.Base(d))
		if m, ok := stat(pid); ok {
			below[m.ppid] = append(below[m.ppid], m)
		}
	}
	var all []member
	if m, ok := stat(root); ok {
		all = append(all, m)
	}
	for queue := []int{root}; len(queue) > 0; queue = queue[1:] {
		for _, m := range below[queue[0]] {
			all = append(all, m)
			queue = append(queue, m.pid)
		}
	}
	return all
}

// Tail returns the last lines of a file, for error messages.
func Tail(file string, lines int) string {
	b, err := os.ReadFile(file)
	if err != nil {
		return "(" + err.Error() + ")"
	}
	all := strings.Split(strings.TrimRight(string(b), "\n"), "\n")
	return strings.Join(all[max(0, len(all)-lines):], "\n")
}
