package valkey_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"math/rand/v2"
	"net"
	"runtime"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/talkover/talkover-mcp/talkover"
	"github.com/talkover/talkover-mcp/talkover/valkey"
)

// A server that keeps refusing or answers nonsense is away, and the log says why.
func TestServersThatAreNone(t *testing.T) {
	for name, answer := range map[string]string{
		"a web server":     "HTTP/1.1 400 Bad Request\r\n\r\n",
		"too large a size": "$9223372036854775806\r\n",
		"400 GB of text":   "$400000000000\r\n",
		"65 MiB of text":   "$68157441\r\n",
		"many elements":    "*2000000000\r\n",
		"many in many":     strings.Repeat("*9000\r\n", 9000),
		"one in one":       strings.Repeat("*1\r\n", 20_000),
		"a negative size":  "*-2000000000\r\n",
		"a set of RESP3":   "~2000000000\r\n",
		"a map of RESP3":   "%2000000000\r\n",
		"chunks":           "$?\r\n;400000000000\r\n",
		"an endless line":  "+" + strings.Repeat("x", 1<<20),
		"no line":          "\n\n\n",
		"a wrong password": "-WRONGPASS invalid username-password pair or user is disabled.\r\n",
		"nothing":          "",
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var words strings.Builder
				var before, after runtime.MemStats
				runtime.ReadMemStats(&before)
				s, err := valkey.Open(valkey.Options{
					Replicas: 3, Log: logTo(&words),
					URL: talkover.NewSecret("valkey://user:s3cret-password@valkey:6379"),
					Dial: func(context.Context, string, string) (net.Conn, error) {
						ours, theirs := net.Pipe()
						go answerAll(theirs, answer)
						return ours, nil
					},
				})
				if err != nil {
					t.Fatal(err)
				}
				defer s.Close()
				if !away(s) {
					t.Error("it is taken for a server")
				}
				start := time.Now()
				if _, err := keep(s).Acquire(wants("x")); err == nil || time.Since(start) > 0 {
					t.Errorf("asking it takes %v: %v", time.Since(start), err)
				}
				time.Sleep(5 * time.Second)
				all := words.String() + s.Words()
				if !strings.Contains(s.Words(), "1/3 of the limit") || strings.Contains(all, "s3cret") {
					t.Errorf("operators read %q and %q", s.Words(), words.String())
				}
				if runtime.ReadMemStats(&after); after.TotalAlloc-before.TotalAlloc > 64<<20 {
					t.Errorf("it took %d MiB", (after.TotalAlloc-before.TotalAlloc)>>20)
				}
				if n := strings.Count(words.String(), "\n"); n != 1 {
					t.Errorf("%d lines are logged: %s", n, words.String())
				}
			})
		})
	}
}

func TestURLs(t *testing.T) {
	for url, wrong := range map[string]bool{
		"valkey://valkey:6379":                     false,
		"redis://localhost":                        false,
		"rediss://user:pass@cache.example.com/3":   false,
		"valkeys://:only-a-password@host:6380":     false,
		"http://valkey:6379":                       true,
		"valkey:6379":                              true,
		"valkey://":                                true,
		"valkey://host/not-a-number":               true,
		"valkeys://host?skip_verify=true":          true,
		"unix:///run/valkey.sock":                  true,
		"redis://user:pass word\x00@host:6379/%zz": true,
	} {
		err := valkey.CheckURL(url)
		if (err != nil) != wrong {
			t.Errorf("%q: %v", url, err)
		}
		if err != nil && strings.Contains(err.Error(), "pass") {
			t.Errorf("the fault quotes the URL: %v", err)
		}
	}
	if _, err := valkey.Open(valkey.Options{URL: talkover.NewSecret("nonsense")}); err == nil || errors.Unwrap(err) == nil {
		t.Errorf("Open takes nonsense: %v", err)
	}
}

// Answers as large as may be pass, however they are cut on their way.
func TestALargeAnswerPasses(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, 1)
		w.replica()
		store, value := w.servers[0].Store(), bytes.Repeat([]byte("*2000000000\r\n"), 1<<20)
		if err := store.Put(t.Context(), "account", "large", time.Now(), time.Now().Add(time.Hour), value); err != nil {
			t.Fatal(err)
		}
		if err := store.Put(t.Context(), "account", "7", time.Now(), time.Now().Add(time.Minute), nil); err != nil {
			t.Fatal(err)
		}
		for _, key := range w.redis.Keys() {
			for i := range 4000 {
				if strings.HasSuffix(key, ":names") {
					_, _ = w.redis.ZAdd(key, 1, strconv.Itoa(i))
				}
			}
		}
		names, err := store.Names(t.Context(), "account")
		if len(names) != 4001 || names[0] != "large" || err != nil {
			t.Errorf("%d names, %v", len(names), err)
		}
		if got, err := store.Get(t.Context(), "account", "large"); !bytes.Equal(got, value) || err != nil {
			t.Errorf("%d bytes of %d, %v", len(got), len(value), err)
		}
		if got, err := store.Get(t.Context(), "account", "7"); len(got) != 0 || err != nil {
			t.Errorf("%d bytes, %v", len(got), err)
		}
	})
}

// A server that grants any limit and any outlook hangs no client, and makes it send no more than that.
func TestAServerThatLies(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		answer := "*6\r\n:0\r\n:0\r\n:0\r\n:9000000000000000000\r\n:-5\r\n:0\r\n"
		s, err := valkey.Open(valkey.Options{
			URL: talkover.NewSecret("valkey://valkey:6379"), Replicas: 3, Log: logTo(io.Discard),
			Dial: func(context.Context, string, string) (net.Conn, error) {
				ours, theirs := net.Pipe()
				go answerAll(theirs, answer)
				return ours, nil
			},
		})
		if err != nil {
			t.Fatal(err)
		}
		defer s.Close()
		api := &window{limit: 100, random: rand.New(rand.NewPCG(1, 2))}
		c, err := talkover.New(talkover.Config{
			Token: talkover.NewSecret("tok-of-the-account"), RateLimit: 100, Replicas: 3, Transport: api, Ledger: s.Ledger,
		})
		if err != nil {
			t.Fatal(err)
		}
		for i := range 20 {
			if _, err := ask(t.Context(), c, i, time.Now()); err != nil {
				t.Error(err)
			}
		}
		if n, limit := c.Allowance(time.Minute); n > 100 || limit != 100 {
			t.Errorf("bulk work may have %d of %d", n, limit)
		}
	})
}

// A server that answers that it is there, and to all else nonsense, ends no question: whoever
// asked goes on alone.
func TestAServerThatIsThereAndAnswersNonsense(t *testing.T) {
	for _, answer := range []string{
		"*-1\r\n", "$-1\r\n", "*0\r\n", ":7\r\n", "+OK\r\n", "*5\r\n$1\r\nx\r\n+y\r\n*-1\r\n$-1\r\n:1\r\n",
		"*2\r\n:1\r\n", "-WRONGTYPE no\r\n", "-ERR no\r\n", "*2000000000\r\n", "$400000000000\r\n",
	} {
		t.Run(answer, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s, err := valkey.Open(valkey.Options{
					URL: talkover.NewSecret("valkey://valkey:6379"), Replicas: 3, Log: logTo(io.Discard),
					Dial: func(context.Context, string, string) (net.Conn, error) {
						ours, theirs := net.Pipe()
						go answerPings(theirs, answer)
						return ours, nil
					},
				})
				if err != nil {
					t.Fatal(err)
				}
				defer s.Close()
				if away(s) {
					t.Fatal("it is away before it was asked for anything")
				}
				store, placed, start := s.Store(), s.Calls([]byte("key")), time.Now()
				none := []map[string]time.Time{nil}
				for range 2 {
					if g, err := keep(s).Acquire(wants("x")); err == nil {
						t.Errorf("the limit is taken from it: %+v", g)
					}
					if left, _, err := placed.Count("x", 4, []string{"who"}, none); err == nil && left > 1 {
						t.Errorf("by it %d calls are left", left)
					}
					_, _ = placed.Swap("name", "", "text", time.Minute)
					placed.Undo("x", []string{"who"})
					_, _ = store.Names(t.Context(), "account")
					_, _ = store.Get(t.Context(), "account", "name")
					_ = store.Put(t.Context(), "account", "name", time.Now(), time.Now().Add(time.Hour), []byte("x"))
					_ = store.Forget(t.Context(), "account", "")
					store.Lease(t.Context(), "account", "name", time.Second)
					synctest.Wait()
					time.Sleep(1100 * time.Millisecond) // until it is asked whether it is there
				}
				if took := time.Since(start); took > 4*time.Second {
					t.Errorf("it took %v", took)
				}
			})
		})
	}
}

// answerPings answers that it is there, and whatever names a key of ours with the same.
func answerPings(c net.Conn, answer string) {
	defer c.Close()
	b := make([]byte, 1<<16)
	for {
		n, err := c.Read(b)
		if err != nil {
			return
		}
		said := strings.Repeat("+OK\r\n", 1+bytes.Count(b[:n], []byte("\r\n*")))
		if bytes.Contains(b[:n], []byte("talkover:")) {
			said = answer
		}
		if _, err := io.WriteString(c, said); err != nil {
			return
		}
	}
}

// answerAll answers whatever comes with the same.
func answerAll(c net.Conn, answer string) {
	defer c.Close()
	b := make([]byte, 1<<16)
	for {
		if _, err := c.Read(b); err != nil {
			return
		}
		if _, err := c.Write([]byte(answer)); err != nil {
			return
		}
	}
}
