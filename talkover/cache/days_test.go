package cache_test

import (
	"bytes"
	"context"
	"flag"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/talkover/talkover-mcp/talkover"
	"github.com/talkover/talkover-mcp/talkover/cache"
)

// dayOf is a day of so many calls, read at noon.
func dayOf(t testing.TB, d cache.Date, n int) *cache.Day {
	r := rand.New(rand.NewPCG(uint64(d), uint64(n)))
	calls := make([]talkover.Call, n)
	for i := range calls {
		calls[i] = anyCall(r, d.End().Add(-time.Duration(i+1)*time.Second), 50)
	}
	return &cache.Day{Date: d, Calls: packed(t, calls), ReadAt: noon, Renewed: noon}
}

func key(token string) func(string) []byte { return talkover.NewSecret(token).Key }

var first = cache.DateOf(noon.AddDate(0, 0, -20))

// No token sees a day of another, whatever the process keeps and the folder holds.
func TestAccountsAreApart(t *testing.T) {
	dir, err := cache.OpenDir(t.TempDir(), slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	defer dir.Close()
	c := cache.New(cache.Options{Calls: 1000, Store: dir, BaseURL: "https://one.example"})
	other := cache.New(cache.Options{Calls: 1000, Store: dir, BaseURL: "https://two.example"})
	mine := c.Account(key("a"), noon)
	day := dayOf(t, first, 5)
	mine.Keep(noon, noon, day)
	mine.Save(t.Context(), day)
	for name, a := range map[string]*cache.Account{
		"another token": c.Account(key("b"), noon), "no token": c.Account(key(""), noon), "another API": other.Account(key("a"), noon),
	} {
		if got := a.Days(t.Context(), first-5, first+5, noon); len(got) != 0 || len(a.Stored(t.Context(), noon)) != 0 {
			t.Errorf("%s sees %d days", name, len(got))
		}
	}
	again := cache.New(cache.Options{Calls: 1000, Store: dir, BaseURL: "https://one.example"}).Account(key("a"), noon)
	got := again.Days(t.Context(), first, first, noon)
	if len(got) != 1 || !got[first].Proven.IsZero() || !got[first].ReadAt.Equal(noon) {
		t.Fatalf("after a restart: %+v", got)
	}
	for i := range day.Calls.Len() {
		if diff := cmp.Diff(day.Calls.Row(i).Call(), got[first].Calls.Row(i).Call()); diff != "" {
			t.Error(diff)
		}
	}
}

// However much is read, no more is kept than is allowed: what was used longest ago goes,
// and what a question has pinned stays.
func TestRoomIsBounded(t *testing.T) {
	c := cache.New(cache.Options{Calls: 100})
	a, b := c.Account(key("a"), noon), c.Account(key("b"), noon)
	if a.Share() != 100 {
		t.Errorf("the share of the only account is %d", a.Share())
	}
	for i := range cache.Date(10) {
		a.Keep(noon.Add(time.Duration(i)*time.Minute), noon, dayOf(t, first+i, 10))
	}
	unpin := a.Pin(first, first)
	a.Keep(noon.Add(time.Hour), noon, dayOf(t, first+10, 10))
	got := a.Days(t.Context(), first, first+10, noon)
	if _, pinned := got[first]; len(got) != 10 || !pinned || got[first+1].Day != nil || c.Summary().Calls != 100 {
		t.Errorf("%d days, the pinned one: %t; %+v", len(got), pinned, c.Summary())
	}
	unpin()
	for i := range cache.Date(8) { // another account has a share
		b.Keep(noon.Add(2*time.Hour), noon, dayOf(t, first+i, 10))
	}
	mine, theirs := a.Days(t.Context(), first, first+10, noon), b.Days(t.Context(), first, first+10, noon)
	if len(mine)+len(theirs) != 10 || len(mine) < 4 || len(theirs) < 4 || b.Share() != 50 {
		t.Errorf("%d and %d days, a share of %d", len(mine), len(theirs), b.Share())
	}
	a.Keep(noon, noon, dayOf(t, first, 101))
	if s := c.Summary(); s.Calls > 100 {
		t.Errorf("%+v", s)
	}
	if none := cache.New(cache.Options{}).Account(key("a"), noon); none.Keeps() {
		t.Error("with room for none, days are kept")
	}
}

// A token that nobody used for the TTL loses its days, and a reading that is too old is
// none however often it was renewed.
func TestDaysGrowOld(t *testing.T) {
	c := cache.New(cache.Options{Calls: 1000, TTL: time.Hour})
	a := c.Account(key("a"), noon)
	a.Keep(noon, noon, dayOf(t, first, 5))
	if k := a.Days(t.Context(), first, first, noon)[first]; a.Stale(k, noon.Add(time.Hour)) || !a.Stale(k, noon.Add(time.Hour+1)) {
		t.Error("a day must be renewed after the TTL, and not before")
	}
	a.MarkRenewed(noon.Add(time.Hour), first)
	if k := a.Days(t.Context(), first, first, noon)[first]; a.Stale(k, noon.Add(2*time.Hour)) {
		t.Error("a renewed day is stale")
	}
	if a.Days(t.Context(), first, first, noon.AddDate(0, 0, 31))[first].Day != nil {
		t.Error("a reading of a month ago is believed")
	}
	a.Keep(noon, noon, dayOf(t, first, 5))
	c.Account(key("b"), noon.Add(time.Hour))
	if c.Summary().Calls != 5 {
		t.Error("an account lost its days within the TTL")
	}
	c.Account(key("b"), noon.Add(time.Hour+time.Second))
	if c.Summary().Calls != 0 {
		t.Error("an account that nobody uses keeps its days")
	}
}

// A reading of live days serves a minute, the days that it holds, and is gone then
// whoever asks next.
func TestLiveDaysServeAMinute(t *testing.T) {
	c := cache.New(cache.Options{Calls: 1000})
	a := c.Account(key("a"), noon)
	today := cache.DateOf(noon)
	a.KeepLive(cache.Live{From: today - 1, To: today + 1, Calls: dayOf(t, today, 7).Calls, AsOf: noon})
	for _, test := range []struct {
		from, to cache.Date
		after    time.Duration
		want     bool
	}{
		{today - 1, today + 1, time.Second, true}, {today, today, 59 * time.Second, true}, {today, today, time.Minute, false},
		{today - 2, today, 0, false}, {today, today + 2, 0, false},
	} {
		if _, ok := a.Live(t.Context(), test.from, test.to, noon.Add(test.after)); ok != test.want {
			t.Errorf("%s to %s after %s: %t", test.from, test.to, test.after, ok)
		}
	}
	c.Account(key("b"), noon.Add(30*time.Second))
	if s := c.Summary(); s.Live != 7 {
		t.Errorf("within the minute: %+v", s)
	}
	c.Account(key("b"), noon.Add(time.Minute))
	if s := c.Summary(); s.Live != 0 {
		t.Errorf("after it: %+v", s)
	}
}

// Reading in the background gives way to whoever wants the turn, and ends with the cache.
func TestBackgroundGivesWay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := cache.New(cache.Options{Calls: 10})
		a := c.Account(key("a"), noon)
		ended := 0
		read := func(ctx, _ context.Context) { <-ctx.Done(); time.Sleep(time.Second); ended++ }
		a.InBackground(time.Hour, read)
		a.InBackground(time.Hour, read) // one at a time
		synctest.Wait()
		release, err := a.Turn(t.Context())
		if err != nil || ended != 1 {
			t.Fatalf("%v, %d ended", err, ended)
		}
		waiting, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if _, err := a.Turn(waiting); err != context.DeadlineExceeded {
			t.Errorf("two have the turn: %v", err)
		}
		a.InBackground(time.Hour, read)
		release()
		a.InBackground(time.Hour, read)
		c.Close()
		if ended != 2 {
			t.Errorf("%d readings ended", ended)
		}
	})
}

// A file that is not the very one that was written is a miss, and says so once.
func TestStrangeFilesAreMisses(t *testing.T) {
	folder := t.TempDir()
	for name, change := range map[string]func(whole, other []byte) []byte{
		"cut":          func(whole, _ []byte) []byte { return whole[:len(whole)-1] },
		"empty":        func([]byte, []byte) []byte { return nil },
		"longer":       func(whole, _ []byte) []byte { return append(whole, 0) },
		"another day":  func(_, other []byte) []byte { return other },
		"a bit, first": func(whole, _ []byte) []byte { whole[0] ^= 1; return whole },
		"a bit, later": func(whole, _ []byte) []byte { whole[len(whole)/2] ^= 4; return whole },
		"a bit, last":  func(whole, _ []byte) []byte { whole[len(whole)-1] ^= 128; return whole },
	} {
		dir, err := cache.OpenDir(filepath.Join(folder, name), slog.New(slog.DiscardHandler))
		if err != nil {
			t.Fatal(err)
		}
		var notes []string
		o := cache.Options{Calls: 1000, Store: dir, Note: func(problem string, _ error) { notes = append(notes, problem) }}
		a := cache.New(o).Account(key("a"), noon)
		a.Save(t.Context(), dayOf(t, first, 9), dayOf(t, first+1, 9))
		files, _ := filepath.Glob(filepath.Join(folder, name, "*", "*.day"))
		if len(files) != 2 {
			t.Fatalf("%s: %d files", name, len(files))
		}
		whole, _ := os.ReadFile(files[0])
		other, _ := os.ReadFile(files[1])
		for _, call := range [][]byte{[]byte("agent-1"), []byte("+1200"), []byte(first.String())} {
			if bytes.Contains(whole, call) {
				t.Errorf("%s: %q is in the file", name, call)
			}
		}
		if err := os.WriteFile(files[0], change(whole, other), 0o600); err != nil {
			t.Fatal(err)
		}
		got := cache.New(o).Account(key("a"), noon).Days(t.Context(), first, first+1, noon)
		if len(got) != 1 || len(notes) != 1 && name != "empty" {
			t.Errorf("%s: %d days, noted %q", name, len(got), notes)
		}
		info, _ := os.Stat(files[1])
		parent, _ := os.Stat(filepath.Dir(files[1]))
		if info.Mode().Perm() != 0o600 || parent.Mode().Perm() != 0o700 {
			t.Errorf("%s: modes %v in %v", name, info.Mode(), parent.Mode())
		}
		dir.Close()
	}
}

// hex32 is text in the form of a name.
func hex32(text string) string { return fmt.Sprintf("%032x", text) }

// A put keeps the later of two readings; expired days go when the folder is swept, and
// with them what a process left that was killed.
func TestFolder(t *testing.T) {
	folder := t.TempDir()
	dir, err := cache.OpenDir(folder, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	put := func(day, text string, expires time.Time) {
		if err := dir.Put(t.Context(), hex32("account"), hex32(day), time.Time{}, expires, []byte(text)); err != nil {
			t.Fatal(err)
		}
	}
	now := time.Now()
	put("a", "later", now.Add(2*time.Hour))
	put("a", "earlier", now.Add(time.Hour))
	if got, err := dir.Get(t.Context(), hex32("account"), hex32("a")); string(got) != "later" || err != nil {
		t.Errorf("%q %v", got, err)
	}
	put("b", "expired", now.Add(-time.Second))
	left := filepath.Join(folder, "talkover-mcp-cache", hex32("account")+"-"+hex32("c")+".day.new-1-2")
	if err := os.WriteFile(left, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Chtimes(left, now.Add(-2*time.Hour), now.Add(-2*time.Hour)); err != nil {
		t.Fatal(err)
	}
	dir.Close()
	if dir, err = cache.OpenDir(folder, slog.New(slog.DiscardHandler)); err != nil {
		t.Fatal(err)
	}
	defer dir.Close()
	dir.Sweep(now)
	if n, err := dir.Days(); n != 1 || err != nil {
		t.Errorf("%d %v", n, err)
	}
	if _, err := os.Stat(left); err == nil {
		t.Error("an abandoned file stays")
	}
	put("d", "x", now.Add(time.Hour))
	if n, err := dir.Clear(hex32("account")); n != 2 || err != nil {
		t.Errorf("%d cleared, %v", n, err)
	}
	if got, err := dir.Get(t.Context(), hex32("account"), hex32("d")); got != nil || err != nil {
		t.Errorf("%q %v", got, err)
	}
	if _, err := cache.OpenDir(filepath.Join(left, "x", "\x00"), slog.New(slog.DiscardHandler)); err == nil {
		t.Error("a folder that cannot be is opened")
	}
}

// A program that runs for weeks deletes what expires meanwhile.
func TestDaysExpireWhileAProgramRuns(t *testing.T) {
	folder := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		dir, err := cache.OpenDir(folder, slog.New(slog.DiscardHandler))
		if err != nil {
			t.Fatal(err)
		}
		defer dir.Close()
		put := func(day string) {
			expires := time.Now().Add(90 * time.Minute)
			if err := dir.Put(t.Context(), hex32("account"), hex32(day), time.Time{}, expires, []byte(day)); err != nil {
				t.Fatal(err)
			}
		}
		left := func() int {
			n, err := dir.Days()
			if err != nil {
				t.Fatal(err)
			}
			return n
		}
		put("a")
		time.Sleep(time.Hour + time.Second)
		if put("b"); left() != 2 {
			t.Errorf("%d days before one expires", left())
		}
		time.Sleep(time.Hour)
		if put("c"); left() != 2 {
			t.Errorf("%d days after one expired", left())
		}
	})
}

// kills is how often a process is killed; 200 take ten seconds.
var kills = flag.Int("kills", 15, "how often a writing process is killed")

// A process that is killed while it writes leaves no day that is read wrongly.
func TestKilledWhileWriting(t *testing.T) {
	if folder := os.Getenv("CACHE_TEST_FOLDER"); folder != "" {
		writeForever(t, folder)
	}
	folder := t.TempDir()
	dir, err := cache.OpenDir(folder, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	defer dir.Close()
	want := map[int]bool{}
	for n := 1; n <= 20; n++ {
		want[n*40] = true
	}
	a := cache.New(cache.Options{Calls: 1_000_000, Store: dir, Note: func(problem string, err error) { t.Errorf("%s: %v", problem, err) }}).Account(key("a"), noon)
	read := 0
	r := rand.New(rand.NewPCG(1, 1))
	for range *kills {
		cmd := exec.Command(os.Args[0], "-test.run", "^TestKilledWhileWriting$")
		cmd.Env = append(os.Environ(), "CACHE_TEST_FOLDER="+folder)
		written, err := cmd.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		for range 1 + r.IntN(30) { // it tells of each day and writes on
			if _, err := written.Read(make([]byte, 1)); err != nil {
				t.Fatal(err)
			}
		}
		if err := cmd.Process.Kill(); err != nil {
			t.Fatal(err)
		}
		_ = cmd.Wait()
		for _, d := range a.Stored(t.Context(), noon) {
			if read++; !want[d.Calls] {
				t.Fatalf("a day of %d calls was read", d.Calls)
			}
		}
	}
	if read == 0 {
		t.Error("nothing was written")
	}
	t.Logf("%d days were read", read)
}

// writeForever writes days of 40 to 800 calls until it is killed.
func writeForever(t *testing.T, folder string) {
	dir, err := cache.OpenDir(folder, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	a := cache.New(cache.Options{Store: dir}).Account(key("a"), noon)
	days := make([]*cache.Day, 20)
	for i := range days {
		days[i] = dayOf(t, first+cache.Date(i%3), 40*(i+1))
	}
	for {
		for i, d := range slices.Clone(days) {
			d.Renewed = noon.Add(time.Duration(i) * time.Second)
			a.Save(context.Background(), d)
			os.Stdout.WriteString(".")
		}
	}
}
