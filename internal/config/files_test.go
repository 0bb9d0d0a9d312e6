package config_test

import (
	"encoding/binary"
	"log/slog"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"testing/synctest"
	"time"
	"unicode/utf16"

	"github.com/google/go-cmp/cmp"
	"github.com/sethvargo/go-envconfig"

	"github.com/talkover/talkover-mcp/internal/config"
	"github.com/talkover/talkover-mcp/talkover"
)

// write puts a text into a file that its owner alone may read.
func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

func tokenOf(name string) string { return name + strings.Repeat("0", 32) }

// A file of secrets is a file, and no larger than its purpose needs.
func TestFilesOfSecretsAreFilesAndSmall(t *testing.T) {
	folder := t.TempDir()
	large, fits := filepath.Join(folder, "large"), filepath.Join(folder, "fits")
	write(t, large, canary+strings.Repeat("\n", 64<<10))
	write(t, fits, canary+strings.Repeat("\n", 64<<10-len(canary)))
	for path, want := range map[string]string{
		fits:                          "",
		large:                         "at most 64 KiB",
		folder:                        "a regular file",
		filepath.Join(folder, "none"): "can be read",
		os.DevNull:                    "a regular file",
	} {
		_, err := config.Load(t.Context(), envconfig.MapLookuper(map[string]string{"TALKOVER_TOKEN_FILE": path}))
		if want == "" && err != nil || want != "" && (err == nil || !strings.Contains(err.Error(), "TALKOVER_TOKEN_FILE: takes the path of "+want) && !strings.Contains(err.Error(), want)) {
			t.Errorf("%s: %v", path, err)
		}
	}
}

// PowerShell writes files of secrets with a byte order mark, or in UTF-16. They are read, or
// told for what they are.
func TestFilesOfSecretsOfPowerShell(t *testing.T) {
	wide := func(order binary.AppendByteOrder, text string) string {
		var b []byte
		for _, unit := range utf16.Encode([]rune(text)) {
			b = order.AppendUint16(b, unit)
		}
		return string(b)
	}
	const told = "takes the path of a text file in UTF-8, or in UTF-16 with a byte order mark"
	for name, test := range map[string]struct{ text, want string }{
		"a mark":              {"\ufeff" + canary + "\r\n", ""},
		"UTF-16":              {wide(binary.LittleEndian, "\ufeff"+canary+"\r\n"), ""},
		"big endian":          {wide(binary.BigEndian, "\ufeff"+canary+"\r\n"), ""},
		"UTF-16, and no mark": {wide(binary.LittleEndian, canary+"\r\n"), told},
		"nothing but a mark":  {"\ufeff\r\n", "takes a Talkover API token, which is missing"},
	} {
		path := filepath.Join(t.TempDir(), "secret")
		write(t, path, test.text)
		c, err := config.Load(t.Context(), envconfig.MapLookuper(map[string]string{"TALKOVER_TOKEN_FILE": path}))
		if test.want != "" {
			if err == nil || !strings.HasPrefix(err.Error(), "TALKOVER_TOKEN_FILE: "+test.want) {
				t.Errorf("%s: %v", name, err)
			}
			continue
		}
		account, accountErr := c.Account("test", slog.New(slog.DiscardHandler), nil, nil)
		if err != nil || accountErr != nil || string(account.Key("x")) != string(talkover.NewSecret(canary).Key("x")) {
			t.Errorf("%s: %v, %v, or another token", name, err, accountErr)
		}
	}
	path := filepath.Join(t.TempDir(), "tokens")
	write(t, path, wide(binary.LittleEndian, "\ufeff"+tokenOf("ann")+" ann\r\n"+tokenOf("bob")+" bob\r\n"))
	if _, err := config.Load(t.Context(), envconfig.MapLookuper(overHTTP("MCP_AUTH", "token", "MCP_AUTH_TOKENS_FILE", path))); err != nil {
		t.Error(err)
	}
}

// A file that everybody may read is told at the start.
func TestFilesThatOthersMayReadAreTold(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("modes say nothing of that here")
	}
	token, tokens := filepath.Join(t.TempDir(), "token"), filepath.Join(t.TempDir(), "tokens")
	write(t, token, canary)
	write(t, tokens, tokenOf("ann"))
	c, err := config.Load(t.Context(), envconfig.MapLookuper(overHTTP("TALKOVER_TOKEN", "", "TALKOVER_TOKEN_FILE", token, "MCP_AUTH", "token", "MCP_AUTH_TOKENS_FILE", tokens)))
	if err != nil {
		t.Fatal(err)
	}
	for mode, want := range map[os.FileMode][]string{0o600: nil, 0o640: nil, 0o644: {"MCP_AUTH_TOKENS_FILE"}} {
		if err := os.Chmod(tokens, mode); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, c.OpenFiles()); diff != "" {
			t.Errorf("%o: %s", mode, diff)
		}
	}
}

// Tokens are those of the file, at most a second ago. Of a file with a fault the good lines
// count, an empty or missing one lets nobody in, and the log says so once.
func TestGateTokensFollowTheirFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "tokens")
	write(t, path, tokenOf("ann")+" ann\n")
	c, err := config.Load(t.Context(), envconfig.MapLookuper(overHTTP("MCP_AUTH", "token", "MCP_AUTH_TOKENS_FILE", path)))
	if err != nil {
		t.Fatal(err)
	}
	synctest.Test(t, func(t *testing.T) {
		var log strings.Builder
		door, err := c.Door(t.Context(), slog.New(slog.NewTextHandler(&log, nil)), nil)
		if err != nil {
			t.Fatal(err)
		}
		in := func(names ...string) {
			t.Helper()
			for _, name := range []string{"ann", "bob", "cid"} {
				_, err := door.Gate.Identify("/mcp", tokenOf(name))
				if want := strings.Contains(strings.Join(names, " "), name); (err == nil) != want {
					t.Errorf("%s: %v", name, err)
				}
			}
		}
		in("ann")
		ann, _ := door.Gate.Identify("/mcp", tokenOf("ann"))
		if ann.Revoked() {
			t.Error("ann is out")
		}
		write(t, path, tokenOf("bob")+" bob\n"+tokenOf("cid")+" cid\n")
		in("ann") // the file is looked at once a second
		time.Sleep(time.Second)
		in("bob", "cid")
		if !ann.Revoked() {
			t.Error("ann is still in")
		}
		if strings.Contains(log.String(), "level=WARN") {
			t.Error(log.String())
		}
		if note := door.Note(); note != "" {
			t.Error(note)
		}
		write(t, path, "short\n"+tokenOf("cid")+" cid\n"+tokenOf("ann")+" ann fly\n")
		for range 5 {
			time.Sleep(time.Second)
			in("cid")
			if note := door.Note(); !strings.HasPrefix(note, "MCP_AUTH_TOKENS_FILE: takes tokens") || !strings.Contains(note, "token 1 of 3") {
				t.Error(note)
			}
		}
		write(t, path, "\n")
		time.Sleep(time.Second)
		in()
		write(t, path, tokenOf("bob")+" bob\n")
		time.Sleep(time.Second)
		in("bob")
		if err := os.Remove(path); err != nil {
			t.Fatal(err)
		}
		for range 5 {
			time.Sleep(time.Second)
			in()
		}
		if n := strings.Count(log.String(), "level=WARN"); n != 3 || strings.Contains(log.String(), tokenOf("")) {
			t.Errorf("%d warnings:\n%s", n, log.String())
		}
		write(t, path, tokenOf("ann"))
		time.Sleep(time.Second)
		in("ann")
	})
}
