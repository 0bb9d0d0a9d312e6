package e2e

import (
	"bytes"
	"fmt"
	"io/fs"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"

	"github.com/talkover/talkover-mcp/talkover/sandbox"
)

// demoAPI serves the account of the demo to any token, as it stands today.
func demoAPI() http.HandlerFunc {
	account := sandbox.New(time.Now())
	return func(w http.ResponseWriter, r *http.Request) {
		r.Header.Set("Authorization", "Bearer "+sandbox.Token)
		account.ServeHTTP(w, r)
	}
}

// folderCommands are those that open TALKOVER_CACHE_DIR.
var folderCommands = [][]string{
	{}, {"doctor"}, {"call", "get_call_stats"}, {"cache"}, {"cache", "clear"}, {"cache", "clear", "-all"},
}

// runAll runs each command with a folder, in a working folder, and returns all that they print.
func runAll(t *testing.T, env []string, home, folder string) string {
	t.Helper()
	var out bytes.Buffer
	for _, args := range folderCommands {
		cmd := command(t, append(env, "TALKOVER_CACHE_DIR="+folder, "HOME="+home, "USERPROFILE="+home), args...)
		cmd.Dir, cmd.Stdin, cmd.Stdout, cmd.Stderr = home, strings.NewReader(hello), &out, &out
		var failed *exec.ExitError
		if err := cmd.Run(); err != nil && !asExit(err, &failed) {
			t.Fatal(err)
		}
	}
	return out.String()
}

func asExit(err error, to **exec.ExitError) (ok bool) {
	*to, ok = err.(*exec.ExitError) //nolint:errorlint // it is not wrapped
	return ok
}

// fill makes what users have in their folders, all of it old.
func fill(t *testing.T, folder string) {
	t.Helper()
	old := time.Now().AddDate(0, 0, -30)
	for _, name := range []string{
		"letter.txt", ".ssh/id_ed25519", "photos/2019/sea.jpg", "CACHEDIR.TAG", "diary/2026-11-01.day", "a.day",
		"b.day.1.2",
		strings.Repeat("a", 32) + "/" + strings.Repeat("b", 32) + ".day", strings.Repeat("c", 32) + "-" +
			strings.Repeat("d", 32) + ".day",
	} {
		path := filepath.Join(folder, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(name), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Chtimes(path, old, old); err != nil {
			t.Fatal(err)
		}
	}
}

// contents returns the files below a folder, by their paths, but those that the program made.
func contents(t *testing.T, folder string) map[string]string {
	t.Helper()
	all := map[string]string{}
	err := filepath.WalkDir(folder, func(path string, e fs.DirEntry, err error) error {
		switch {
		case err != nil || e.IsDir() && e.Name() == "talkover-mcp-cache" && path != folder:
			return cmpOr(err, fs.SkipDir)
		case e.IsDir():
			return nil
		}
		text, err := os.ReadFile(path)
		all[strings.TrimPrefix(path, folder)] = string(text)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func cmpOr(a, b error) error {
	if a != nil {
		return a
	}
	return b
}

// Whichever folder users name, no command touches what they have in it.
func TestNoFileOfTheUserIsDeleted(t *testing.T) {
	t.Parallel()
	env := upstream(t, demoAPI())
	for name, folder := range map[string]func(home string) string{
		"the home folder":     func(home string) string { return home },
		"~":                   func(string) string { return "~" },
		"a folder in ~":       func(string) string { return "~/photos" },
		"the working folder":  func(string) string { return "." },
		"a relative folder":   func(string) string { return "photos/../photos" },
		"a link to it":        func(home string) string { return link(t, home) },
		"a link into it":      func(home string) string { return link(t, filepath.Join(home, "photos")) },
		"a variable, left so": func(string) string { return "${HOME}/days" },
		"one of Windows":      func(string) string { return "%LOCALAPPDATA%" },
		"another home":        func(string) string { return "~somebody" },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			home := t.TempDir()
			fill(t, home)
			before := contents(t, home)
			printed := runAll(t, env, home, folder(home))
			if diff := gocmp.Diff(before, contents(t, home)); diff != "" {
				t.Errorf("files changed:\n%s\n%s", diff, printed)
			}
			if entries, _ := filepath.Glob(filepath.Join(home, "[~$%]*")); len(entries) > 0 {
				t.Errorf("%q were made", entries)
			}
		})
	}
}

// link makes a link to a folder, and returns its path.
func link(t *testing.T, to string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "link")
	if err := os.Symlink(to, path); err != nil {
		t.Skip(err)
	}
	return path
}

// A folder of our name that we did not make is refused, and so is one behind a link: nothing in
// it changes.
func TestAFolderOfAnotherProgramIsRefused(t *testing.T) {
	t.Parallel()
	env := upstream(t, demoAPI())
	marked := t.TempDir() // with the mark of a folder that is ours
	runAll(t, env, marked, marked)
	mark := filepath.Join(marked, "talkover-mcp-cache", "CACHEDIR.TAG")
	text, err := os.ReadFile(mark)
	if err != nil {
		t.Fatal(err)
	}
	for name, make := range map[string]func(t *testing.T, ours string) error{
		"without a mark": func(t *testing.T, ours string) error {
			fill(t, ours)
			return os.Remove(filepath.Join(ours, "CACHEDIR.TAG"))
		},
		"with a foreign mark": func(t *testing.T, ours string) error { fill(t, ours); return nil },
		"with a mark behind a link": func(t *testing.T, ours string) error {
			fill(t, ours)
			return cmpOr(os.Remove(filepath.Join(ours, "CACHEDIR.TAG")),
				os.Symlink(mark, filepath.Join(ours, "CACHEDIR.TAG")))
		},
		"with a folder as mark": func(t *testing.T, ours string) error {
			return os.MkdirAll(filepath.Join(ours, "CACHEDIR.TAG", "photos"), 0o700)
		},
		"behind a link": func(t *testing.T, ours string) error {
			elsewhere := filepath.Join(filepath.Dir(ours), "elsewhere")
			fill(t, elsewhere)
			return cmpOr(os.WriteFile(filepath.Join(elsewhere, "CACHEDIR.TAG"), text, 0o600),
				os.Symlink(elsewhere, ours))
		},
		"a file": func(_ *testing.T, ours string) error { return os.WriteFile(ours, nil, 0o600) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			folder := t.TempDir()
			ours := filepath.Join(folder, "talkover-mcp-cache")
			if err := make(t, ours); err != nil {
				t.Skip(err)
			}
			before := tree(t, folder)
			printed := runAll(t, env, folder, folder)
			if diff := gocmp.Diff(before, tree(t, folder)); diff != "" {
				t.Errorf("files changed:\n%s", diff)
			}
			if n := strings.Count(printed, "TALKOVER_CACHE_DIR: takes a folder"); n != len(folderCommands) {
				t.Errorf("%d of %d commands refuse it:\n%s", n, len(folderCommands), printed)
			}
		})
	}
}

// tree lists all that is below a folder, by mode.
func tree(t *testing.T, folder string) map[string]fs.FileMode {
	t.Helper()
	all := map[string]fs.FileMode{}
	err := filepath.WalkDir(folder, func(path string, e fs.DirEntry, err error) error {
		if err == nil {
			all[path] = e.Type()
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// What others put into our folder stays, and what we kept goes; the log says what went because
// it had expired.
func TestOnlyKeptReadingsAreDeleted(t *testing.T) {
	t.Parallel()
	env := upstream(t, demoAPI())
	folder := t.TempDir()
	ask := func(args ...string) string {
		t.Helper()
		var out bytes.Buffer
		cmd := command(t, append(env, "TALKOVER_CACHE_DIR="+folder), args...)
		cmd.Stdin, cmd.Stdout, cmd.Stderr = strings.NewReader(hello), &out, &out
		if err := cmd.Run(); err != nil {
			t.Fatal(err, out.String())
		}
		return out.String()
	}
	days := func() (paths []string) {
		paths, _ = filepath.Glob(filepath.Join(folder, "talkover-mcp-cache", "*.sealed"))
		return paths
	}
	ask("call", "get_call_stats", "period=last_30_days")
	kept := days()
	if len(kept) == 0 {
		t.Fatal("nothing is kept")
	}
	ours := filepath.Dir(kept[0])
	others := filepath.Join(ours, "others")
	fill(t, others)
	for _, name := range []string{"notes.day", "notes.txt", strings.Repeat("a", 32) + ".day"} {
		if err := os.WriteFile(filepath.Join(ours, name), nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	aside := kept[0][:len(kept[0])-len("0.sealed")] + "x.sealed"
	if err := os.Symlink(filepath.Join(others, "letter.txt"), aside); err != nil {
		t.Log(err)
	}
	old := time.Now().AddDate(0, 0, -60)
	for _, path := range append([]string{filepath.Join(ours, "notes.day"), filepath.Join(ours, "notes.txt")},
		kept[:1]...) {
		if err := os.Chtimes(path, old, old); err != nil {
			t.Fatal(err)
		}
	}
	before := contents(t, ours)
	if log := ask(); strings.Count(log, "deleted kept readings") != 1 || !strings.Contains(log, `"readings":1`) {
		t.Errorf("the log does not say that a reading went: %s", log)
	}
	if text, want := ask("cache", "clear", "-all"), fmt.Sprintf("Deleted %d kept reading",
		len(kept)-1); !strings.Contains(text, want) {
		t.Errorf("no %q in %s", want, text)
	}
	for _, path := range kept {
		delete(before, strings.TrimPrefix(path, ours))
	}
	if diff := gocmp.Diff(before, contents(t, ours)); diff != "" {
		t.Errorf("other files changed:\n%s", diff)
	}
}

// A folder that others may write to is told of: by the log of a server and of a call, and by the
// doctor.
func TestAFolderThatOthersMayWriteToIsToldOf(t *testing.T) {
	t.Parallel()
	if runtime.GOOS == "windows" {
		t.Skip("its modes say nothing of that")
	}
	env := upstream(t, demoAPI())
	const warning = "TALKOVER_CACHE_DIR: other users of this machine may write to the folder"
	for name, test := range map[string]struct {
		folder, ours fs.FileMode
		want         int
	}{
		"all may":       {0o777, 0o700, 3},
		"the group may": {0o770, 0o700, 3},
		"into ours":     {0o700, 0o707, 3},
		"nobody may":    {0o755, 0o700, 0},
	} {
		folder := t.TempDir()
		ours := filepath.Join(folder, "talkover-mcp-cache")
		if err := cmpOr(os.Mkdir(ours, 0o700), cmpOr(os.Chmod(ours, test.ours),
			os.Chmod(folder, test.folder))); err != nil {
			t.Fatal(err)
		}
		if n := strings.Count(runAll(t, env, t.TempDir(), folder), warning); n != test.want {
			t.Errorf("%s: it is told of %d times, want %d", name, n, test.want)
		}
	}
}

// Processes that start at the same time share a new folder.
func TestProcessesThatStartTogetherShareTheFolder(t *testing.T) {
	t.Parallel()
	env := upstream(t, demoAPI())
	for range 3 {
		folder := filepath.Join(t.TempDir(), "new")
		var all sync.WaitGroup
		for range 8 {
			all.Go(func() {
				cmd := command(t, append(env, "TALKOVER_CACHE_DIR="+folder), "cache")
				if out, err := cmd.CombinedOutput(); err != nil {
					t.Errorf("%v: %s", err, out)
				}
			})
		}
		all.Wait()
	}
}
