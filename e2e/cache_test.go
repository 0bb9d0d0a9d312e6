package e2e

import (
	"bytes"
	"encoding/json"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/sethvargo/go-envconfig"

	"github.com/talkover/talkover-mcp/internal/cli"
	"github.com/talkover/talkover-mcp/talkover"
	"github.com/talkover/talkover-mcp/talkover/cache"
)

// The command lists the days of its token alone, and deletes these, or all.
func TestKeptDaysAreListedAndCleared(t *testing.T) {
	folder := t.TempDir()
	base := "https://app.talkover.ai/api/v1"
	keep := func(token string, days int) {
		dir, err := cache.OpenDir(folder, slog.New(slog.DiscardHandler))
		if err != nil {
			t.Fatal(err)
		}
		defer dir.Close()
		a := cache.New(cache.Options{BaseURL: base, Store: dir}).Account(talkover.NewSecret(token).Key, time.Now())
		for i := range days {
			var b cache.Builder
			if err := b.Add(talkover.Call{ID: "1", CreatedAt: time.Now().AddDate(0, 0, -5).Truncate(time.Second)}); err != nil {
				t.Fatal(err)
			}
			a.Save(t.Context(), &cache.Day{Date: cache.DateOf(time.Now()) - 5 - cache.Date(i), Calls: b.Columns(), ReadAt: time.Now(), Renewed: time.Now()})
		}
	}
	keep("talq_one", 3)
	keep("talq_two", 2)
	env := envconfig.MapLookuper(map[string]string{"TALKOVER_TOKEN": "talq_one", "TALKOVER_CACHE_DIR": folder})
	try := func(words ...string) (string, int) {
		var out, errs bytes.Buffer
		p := &cli.Program{Version: version, Env: env, Stdin: strings.NewReader(""), Stdout: &out, Stderr: &errs}
		code := p.Run(t.Context(), words)
		return out.String() + errs.String(), code
	}
	if text, code := try("cache"); code != 0 || !strings.Contains(text, "3 days of this token with 3 calls") || !strings.Contains(text, "2 days of other tokens") || strings.Contains(text, "talq_") {
		t.Errorf("%d: %s", code, text)
	}
	text, _ := try("cache", "-json")
	var listed struct {
		Days   []cache.Stored
		Others int `json:"days_of_other_tokens"`
	}
	if err := json.Unmarshal([]byte(text), &listed); err != nil || len(listed.Days) != 3 || listed.Others != 2 || listed.Days[0].Calls != 1 {
		t.Errorf("%v: %s", err, text)
	}
	if text, code := try("cache", "clear"); code != 0 || !strings.Contains(text, "Deleted 3 kept days.") {
		t.Errorf("%d: %s", code, text)
	}
	if text, code := try("cache", "clear", "-all"); code != 0 || !strings.Contains(text, "Deleted 2 kept days.") {
		t.Errorf("%d: %s", code, text)
	}
	if files, _ := filepath.Glob(filepath.Join(folder, "*", "*.day")); len(files) > 0 {
		t.Errorf("%q are left", files)
	}
	env = envconfig.MapLookuper(map[string]string{"TALKOVER_TOKEN": "talq_one"})
	if text, code := try("cache"); code != 2 || !strings.Contains(text, "TALKOVER_CACHE_DIR: is not set") {
		t.Errorf("%d: %s", code, text)
	}
	blocked := filepath.Join(folder, "file")
	if err := os.WriteFile(blocked, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	env = envconfig.MapLookuper(map[string]string{"TALKOVER_TOKEN": "talq_one", "TALKOVER_CACHE_DIR": blocked})
	if text, code := try("call", "get_call_stats"); code != 2 || !strings.Contains(text, "TALKOVER_CACHE_DIR: takes a folder") {
		t.Errorf("%d: %s", code, text)
	}
}
