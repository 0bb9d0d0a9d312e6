package valkey_test

import (
	"context"
	"errors"
	"net"
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
		"a wrong password": "-WRONGPASS invalid username-password pair or user is disabled.\r\n",
		"nothing":          "",
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var words strings.Builder
				s, err := valkey.Open(valkey.Options{
					URL: talkover.NewSecret("valkey://user:s3cret-password@valkey:6379"), Replicas: 3, Log: logTo(&words),
					Dial: func(context.Context) (net.Conn, error) {
						ours, theirs := net.Pipe()
						go func() {
							defer theirs.Close()
							b := make([]byte, 4096)
							for {
								if _, err := theirs.Read(b); err != nil {
									return
								}
								if _, err := theirs.Write([]byte(answer)); err != nil {
									return
								}
							}
						}()
						return ours, nil
					},
				})
				if err != nil {
					t.Fatal(err)
				}
				defer s.Close()
				if !s.Away() {
					t.Error("it is taken for a server")
				}
				start := time.Now()
				if _, err := s.Ledger(talkover.NewSecret("t").Key).Acquire(talkover.Ask{ID: "x", Limit: 100}); err == nil || time.Since(start) > 0 {
					t.Errorf("asking it takes %v: %v", time.Since(start), err)
				}
				time.Sleep(5 * time.Second)
				if !strings.Contains(s.Words(), "1/3 of the limit") || strings.Contains(words.String()+s.Words(), "s3cret") {
					t.Errorf("operators read %q and %q", s.Words(), words.String())
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
