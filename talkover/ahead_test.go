package talkover_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/talkover/talkover-mcp/talkover"
)

// How far the clock here is ahead is known from the date of an answer, and shared by the
// clients of all tokens; an answer out of a cache tells nothing.
func TestAhead(t *testing.T) {
	header := http.Header{}
	c, err := talkover.New(talkover.Config{Token: talkover.NewSecret("t"), Transport: roundTrip(func(r *http.Request) (*http.Response, error) {
		return &http.Response{StatusCode: http.StatusOK, Header: header, Body: http.NoBody, Request: r}, nil
	})})
	if err != nil {
		t.Fatal(err)
	}
	ask := func() time.Duration {
		_, _ = c.ListCalls(t.Context(), talkover.CallQuery{}) // its body is no list
		return c.As(talkover.NewSecret("u")).Ahead().Round(time.Hour)
	}
	if got := ask(); got != 0 {
		t.Errorf("without a date: %s", got)
	}
	header.Set("Date", time.Now().Add(-36*time.Hour).UTC().Format(http.TimeFormat))
	if got := ask(); got != 36*time.Hour {
		t.Errorf("a day and a half ahead: %s", got)
	}
	header.Set("Date", time.Now().UTC().Format(http.TimeFormat))
	header.Set("Age", "60")
	if got := ask(); got != 36*time.Hour {
		t.Errorf("out of a cache: %s", got)
	}
}

type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }
