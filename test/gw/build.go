package gw

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
)

// built holds what was compiled; dir is removed by Clean.
var built struct {
	sync.Mutex
	dir      string
	programs map[bool]*program // by whether the race detector is in
}

type program struct {
	path string
	err  error
}

// Build compiles cmd/stompgw of the checkout, once for the test process, and returns the program's path.
func Build(race bool) (string, error) {
	built.Lock()
	defer built.Unlock()
	if built.programs == nil {
		built.programs = map[bool]*program{}
	}
	p := built.programs[race]
	if p == nil {
		p = &program{}
		p.path, p.err = build(race)
		built.programs[race] = p
	}
	return p.path, p.err
}

func build(race bool) (string, error) {
	mod, err := exec.Command("go", "env", "GOMOD").Output()
	if err != nil {
		return "", fmt.Errorf("find the test module: %w", err)
	}
	// The module of the product is the parent of the test's.
	root := filepath.Dir(filepath.Dir(strings.TrimSpace(string(mod))))
	if built.dir == "" {
		if built.dir, err = os.MkdirTemp("", "stompgw-bin-"); err != nil {
			return "", err
		}
	}
	path := filepath.Join(built.dir, "stompgw")
	args := []string{"build", "-o", path, "./cmd/stompgw"}
	if race {
		path += "-race"
		args = []string{"build", "-race", "-o", path, "./cmd/stompgw"}
	}
	cmd := exec.Command("go", args...)
	cmd.Dir = root
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("go %s: %w\n%s", strings.Join(args, " "), err, out)
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
	built.dir, built.programs = "", nil
}
