package e2e

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// The command lists the readings of its token alone, and deletes these, or all.
func TestKeptReadingsAreListedAndCleared(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	env := append(upstream(t, demoAPI()), "TALKOVER_CACHE_DIR="+folder)
	other := append(append([]string(nil), env...), "TALKOVER_TOKEN=talq_of_another_account")
	run := func(env []string, words ...string) (string, int) {
		cmd := command(t, append([]string(nil), env...), words...)
		out, _ := cmd.CombinedOutput()
		return string(out), cmd.ProcessState.ExitCode()
	}
	for _, e := range [][]string{env, other} {
		if text, code := run(e, "call", "get_call_stats", "period=last_30_days"); code != 0 {
			t.Fatal(text)
		}
	}
	text, code := run(env, "cache")
	if code != 0 || !strings.Contains(text, "of this token with") || strings.Contains(text, "with 0 calls") ||
		strings.Contains(text, "; 0 readings of other") || strings.Contains(text, "talq_") {
		t.Errorf("%d: %s", code, text)
	}
	cmd := command(t, append([]string(nil), env...), "cache", "-json")
	out, err := cmd.Output()
	var listed struct {
		Readings []struct {
			From, To string
			Calls    int
		}
		Others int `json:"readings_of_other_tokens"`
	}
	if err != nil || json.Unmarshal(out, &listed) != nil || len(listed.Readings) == 0 || listed.Others == 0 ||
		listed.Readings[0].Calls == 0 || listed.Readings[0].From >= listed.Readings[0].To {
		t.Errorf("%v: %s", err, out)
	}
	if text, code := run(env, "cache", "clear"); code != 0 || !strings.Contains(text, "Deleted") {
		t.Errorf("%d: %s", code, text)
	}
	if text, code := run(env, "cache"); code != 0 || !strings.Contains(text, "0 readings of this token") ||
		strings.Contains(text, "; 0 readings of other") {
		t.Errorf("%d: %s", code, text)
	}
	if text, code := run(env, "cache", "clear", "-all"); code != 0 || strings.Contains(text, "Deleted 0 ") {
		t.Errorf("%d: %s", code, text)
	}
	if files, _ := filepath.Glob(filepath.Join(folder, "*", "*", "*.sealed")); len(files) > 0 {
		t.Errorf("%q are left", files)
	}
	if text, code := run(upstream(t, demoAPI()), "cache"); code != 2 ||
		!strings.Contains(text, "TALKOVER_CACHE_DIR: is not set") {
		t.Errorf("%d: %s", code, text)
	}
	blocked := filepath.Join(folder, "file")
	if err := os.WriteFile(blocked, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if text, code := run(append(env, "TALKOVER_CACHE_DIR="+blocked), "call", "get_call_stats"); code != 2 ||
		!strings.Contains(text, "TALKOVER_CACHE_DIR: takes a folder") {
		t.Errorf("%d: %s", code, text)
	}
}
