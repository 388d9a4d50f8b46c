package gw

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
)

var built struct {
	sync.Mutex
	dir  string
	path string
	err  error
}

// Build compiles cmd/stompgw of the checkout with the race detector, once for the test process, and returns the
// program's path.
func Build() (string, error) {
	built.Lock()
	defer built.Unlock()
	if built.path == "" && built.err == nil {
		built.path, built.err = build()
	}
	return built.path, built.err
}

func build() (string, error) {
	mod, err := exec.Command("go", "env", "GOMOD").Output()
	if err != nil {
		return "", fmt.Errorf("find the test module: %w", err)
	}
	// The module of the product is the parent of the test's.
	root := filepath.Dir(filepath.Dir(strings.TrimSpace(string(mod))))
	dir, err := os.MkdirTemp("", "stompgw-bin-")
	if err != nil {
		return "", err
	}
	built.dir = dir
	path := filepath.Join(dir, "stompgw")
	cmd := exec.Command("go", "build", "-race", "-o", path, "./cmd/stompgw")
	cmd.Dir = root
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("build stompgw with the race detector: %w\n%s", err, out)
	}
	return path, nil
}

// Clean removes what Build made. Call it at the end of TestMain.
func Clean() {
	built.Lock()
	defer built.Unlock()
	if built.dir != "" {
		_ = os.RemoveAll(built.dir)
	}
	built.dir, built.path = "", ""
}
