//go:build unix

package e2e

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// A pipe in the place of a kept reading, or a file without end, holds no question up: its calls are read
// from Talkover.
func TestNoQuestionWaitsForWhatIsNoFile(t *testing.T) {
	t.Parallel()
	env := append(upstream(t, demoAPI()), "TALKOVER_CACHE_DIR="+t.TempDir())
	folder := strings.TrimPrefix(env[len(env)-1], "TALKOVER_CACHE_DIR=")
	ask := func() string {
		t.Helper()
		var out bytes.Buffer
		cmd := command(t, env, "call", "get_call_stats", "period=last_30_days")
		cmd.Stdout = &out
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		defer time.AfterFunc(patience, func() { _ = cmd.Process.Kill() }).Stop()
		if err := cmd.Wait(); err != nil {
			t.Fatal(err, "the question hangs")
		}
		return out.String()
	}
	want := ask()
	readings, _ := filepath.Glob(filepath.Join(folder, "*", "*.sealed"))
	if len(readings) == 0 {
		t.Fatal("no reading is kept")
	}
	for what, make := range map[string]func(path string) error{
		"a pipe":          func(path string) error { return syscall.Mkfifo(path, 0o600) },
		"an endless file": func(path string) error { return os.Symlink("/dev/zero", path) },
		"a file of 8 GiB": func(path string) error { // it takes no room
			return errors.Join(os.WriteFile(path, nil, 0o600), os.Truncate(path, 8<<30))
		},
	} {
		for _, path := range readings {
			if err := errors.Join(os.Remove(path), make(path)); err != nil {
				t.Fatal(err)
			}
		}
		if got := ask(); !strings.Contains(want, "Exact") || got[:40] != want[:40] {
			t.Errorf("with %s the answer is\n%s\nwant\n%s", what, got, want)
		}
	}
}
