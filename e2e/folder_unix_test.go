//go:build unix

package e2e

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// A pipe in the place of a kept day, or a file without end, holds no question up: the day is read
// from Talkover.
func TestNoQuestionWaitsForWhatIsNoFile(t *testing.T) {
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
		defer time.AfterFunc(20*time.Second, func() { _ = cmd.Process.Kill() }).Stop()
		if err := cmd.Wait(); err != nil {
			t.Fatal(err, "the question hangs")
		}
		return out.String()
	}
	want := ask()
	days, _ := filepath.Glob(filepath.Join(folder, "*", "*.sealed"))
	if len(days) < 20 {
		t.Fatalf("%d days are kept", len(days))
	}
	for i, path := range days[:6] {
		if err := os.Remove(path); err != nil {
			t.Fatal(err)
		}
		var err error
		switch i % 3 {
		case 0:
			err = syscall.Mkfifo(path, 0o600)
		case 1:
			err = os.Symlink("/dev/zero", path)
		case 2:
			err = os.WriteFile(path, nil, 0o600)
			if err == nil {
				err = os.Truncate(path, 8<<30) // it takes no room
			}
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if got := ask(); !strings.Contains(want, "Exact") || got[:40] != want[:40] {
		t.Errorf("the answer is\n%s\nwant\n%s", got, want)
	}
}
