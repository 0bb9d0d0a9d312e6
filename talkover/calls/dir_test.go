package calls_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/talkover/talkover-mcp/talkover"
	"github.com/talkover/talkover-mcp/talkover/calls"
)

// sandboxDir names the variable that has the test binary use a folder as a process of its own.
const sandboxDir = "TALKOVER_TEST_FOLDER"

func TestMain(m *testing.M) {
	if folder := os.Getenv(sandboxDir); folder != "" {
		useFolder(folder, os.Args[1], os.Args[2])
		return
	}
	os.Exit(m.Run())
}

// command has the test binary use a folder: to write readings for ever, or to answer once.
func command(t *testing.T, folder, what string, begin time.Time) *exec.Cmd {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), os.Args[0], what, strconv.FormatInt(begin.Unix(), 10))
	cmd.Env = append(os.Environ(), sandboxDir+"="+folder)
	cmd.Stderr = os.Stderr
	return cmd
}

// settledWorld is an account whose calls neither come nor go, as of a moment.
func settledWorld(begin time.Time) *world {
	w := newWorld(1, begin)
	w.slow = time.Microsecond
	w.steady(50, 60)
	return w
}

// settled returns the window of thirty days long ago.
func (w *world) settled() calls.Window {
	from := w.begin.UTC().Truncate(24*time.Hour).AddDate(0, 0, -50)
	return calls.Window{From: from, To: from.AddDate(0, 0, 30)}
}

// useFolder is what the process does.
func useFolder(folder, what, begin string) {
	second, err := strconv.ParseInt(begin, 10, 64)
	if err != nil {
		panic(err)
	}
	dir, err := calls.OpenDir(folder, slog.New(slog.DiscardHandler))
	if err != nil {
		panic(err)
	}
	w := settledWorld(time.Unix(second, 0))
	for {
		p := w.start(calls.Options{Calls: calls.DefaultCalls, Store: told{dir}}, 0)
		a := p.ask(context.Background(), all(w.settled()))
		p.logs.Close()
		if what == "answer" {
			fmt.Printf("\n%d %t %v\n", len(a.rows(0)), a.Parts[0].Exact && a.Parts[0].Complete, a.err)
			return
		}
		if _, err := dir.Clear(""); err != nil {
			panic(err)
		}
	}
}

// told tells on stdout of each reading that it is about to write.
type told struct{ *calls.Dir }

func (d told) Put(ctx context.Context, account, name string, at, expires time.Time, sealed []byte) error {
	fmt.Print(".")
	return d.Dir.Put(ctx, account, name, at, expires, sealed)
}

// openDir opens a folder of readings.
func openDir(t *testing.T, folder string) *calls.Dir {
	t.Helper()
	dir, err := calls.OpenDir(folder, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = dir.Close() })
	return dir
}

// Processes that are killed while they write leave no reading that is not whole, and the next one answers.
func TestProcessesKilledWhileTheyWriteLeaveNoHalfReading(t *testing.T) {
	kills := 20
	if os.Getenv("LONG") == "1" {
		kills = 200
	}
	folder, begin := t.TempDir(), time.Now().Truncate(time.Second)
	dir := openDir(t, folder)
	logs := calls.New(calls.Options{BaseURL: "https://talkover.test", Store: dir})
	defer logs.Close()
	w := settledWorld(begin)
	whole := 0
	for n := range kills {
		cmd := command(t, folder, "write", begin)
		out, err := cmd.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		if _, err := io.CopyN(io.Discard, out, int64(1+n%5)); err != nil {
			t.Fatal(err)
		}
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
		kept, err := logs.Stored(t.Context(), &door{world: w})
		if err != nil {
			t.Fatalf("after %d kills: %v", n+1, err)
		}
		whole += len(kept)
	}
	if whole == 0 {
		t.Error("no reading was ever whole, so nothing was shown")
	}
	p := w.start(calls.Options{Calls: calls.DefaultCalls, Store: dir}, 0)
	defer p.logs.Close()
	p.ask(t.Context(), all(w.settled())).exactly(t, w, 1_500)
}

// Ten processes that start at once and share a folder give the same answer, and it is right.
func TestTenProcessesOnOneFolder(t *testing.T) {
	folder, begin := t.TempDir(), time.Now().Truncate(time.Second)
	for range 2 { // the second time, all of it is kept
		var all []*exec.Cmd
		var outs []io.Reader
		for range 10 {
			cmd := command(t, folder, "answer", begin)
			out, err := cmd.StdoutPipe()
			if err != nil {
				t.Fatal(err)
			}
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			all, outs = append(all, cmd), append(outs, out)
		}
		for i, cmd := range all {
			lines := bufio.NewScanner(outs[i])
			lines.Scan() // what it told of
			if lines.Scan(); lines.Text() != "1500 true <nil>" {
				t.Errorf("process %d answers %q", i, lines.Text())
			}
			if err := cmd.Wait(); err != nil {
				t.Error(err)
			}
		}
	}
}

// A changed byte, or a file that is cut or under another name, is a miss: the calls are read again.
func TestAChangedByteIsAMiss(t *testing.T) {
	change := map[string]func(sealed []byte) []byte{
		"the first byte": func(b []byte) []byte { b[0] ^= 1; return b },
		"the last byte":  func(b []byte) []byte { b[len(b)-1] ^= 0x80; return b },
		"in the middle":  func(b []byte) []byte { b[len(b)/2]++; return b },
		"cut":            func(b []byte) []byte { return b[:len(b)-5] },
		"empty":          func([]byte) []byte { return nil },
	}
	for name, change := range change {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(1, autumn)
				w.steady(50, 60)
				folder := t.TempDir()
				o := calls.Options{Calls: calls.DefaultCalls, Store: openDir(t, folder)}
				window := days(time.October, 10, 10)
				ask := func() int {
					p := w.start(o, 0)
					defer p.logs.Close()
					a := p.ask(t.Context(), all(window))
					a.exactly(t, w, 500)
					return a.requests
				}
				first, kept := ask(), ask()
				if kept >= first {
					t.Fatalf("%d requests, and then %d: nothing is kept", first, kept)
				}
				files, _ := filepath.Glob(filepath.Join(folder, "*", "*.sealed"))
				for _, path := range files {
					sealed, err := os.ReadFile(path)
					if err == nil {
						err = os.WriteFile(path, change(sealed), 0o600)
					}
					if err != nil {
						t.Fatal(err)
					}
				}
				if again := ask(); again < first {
					t.Errorf("%d requests, as if what was changed were used", again)
				}
			})
		})
	}
}

// stranger is the same account to somebody with another token.
type stranger struct{ *door }

func (stranger) Key(purpose string) []byte { return talkover.NewSecret("talq_stranger").Key(purpose) }

// One token never sees what another one's questions left, in a folder or in the memory of a server, and
// the folder shows no number.
func TestOneTokenNeverSeesAnothersCalls(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(1, autumn)
		w.steady(50, 60)
		folder := t.TempDir()
		p := w.start(calls.Options{Calls: calls.DefaultCalls, Store: openDir(t, folder)}, 0)
		defer func() { p.logs.Close() }()
		q := all(days(time.October, 10, 10))
		first := p.ask(t.Context(), q)
		first.exactly(t, w, 500)
		other := stranger{p.door}
		for range 2 { // with the memory of the process, and after a restart
			all, err := p.logs.Stored(t.Context(), other)
			for _, r := range all {
				if r.Calls > 0 || err != nil {
					t.Errorf("the stranger is shown %+v, %v", r, err)
				}
			}
			if n, err := p.logs.Stored(t.Context(), p); len(n) == 0 || err != nil {
				t.Errorf("nothing is stored: %v", err)
			}
			w.mu.Lock()
			w.lives = nil // and for the stranger there are no calls
			w.mu.Unlock()
			a := other.ask(t.Context(), p.logs.Log(other), q)
			a.exactly(t, w, 0)
			p.restart()
		}
		files, _ := filepath.Glob(filepath.Join(folder, "*", "*"))
		for _, path := range files {
			text, err := os.ReadFile(path)
			if err != nil || strings.Contains(string(text), "1202555") || strings.Contains(path, "2026") {
				t.Errorf("%s shows what it holds, or %v", path, err)
			}
		}
	})
}
