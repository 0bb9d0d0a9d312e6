package talkover_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strconv"
	"testing"
	"time"

	"github.com/talkover/talkover-mcp/talkover"
)

// A checkup of a good API, whose clock is an hour behind.
func TestCheckupTellsWhatTheAnswerTells(t *testing.T) {
	there := time.Now().Add(-time.Hour)
	asked := ""
	base := serve(t, func(w http.ResponseWriter, r *http.Request) {
		asked += r.Method + " " + r.URL.String() + " " + r.Header.Get("Authorization") + "\n"
		h := w.Header()
		h.Set("Date", there.UTC().Format(http.TimeFormat))
		h.Set("X-RateLimit-Limit", "60")
		h.Set("X-RateLimit-Remaining", "12")
		h.Set("X-RateLimit-Reset", strconv.FormatInt(there.Add(30*time.Second).Unix(), 10))
		io.WriteString(w, `{"success":true,"data":[{"id":"a"}],"pagination":{"total":4213}}`)
	})
	client := newClient(t, talkover.Config{BaseURL: base, Token: talkover.NewSecret("talq_1"), RateLimit: 100})
	up, err := client.Checkup(t.Context())
	if err != nil || up.Calls != 4213 || up.Limit != 60 || up.Left != 12 || up.Reset != 30*time.Second {
		t.Errorf("%+v, %v", up, err)
	}
	if off := up.Ahead - time.Hour; !up.Dated || off.Abs() > time.Second+up.Took || up.Took <= 0 {
		t.Errorf("%+v", up)
	}
	if asked != "GET /calls?per_page=1 Bearer talq_1\n" {
		t.Errorf("asked %s", asked)
	}
	if _, limit := client.Allowance(0); limit != 100 {
		t.Errorf("the checkup taught the client a limit of %d", limit)
	}
}

// A checkup shall find out what is wrong, so it takes the first answer.
func TestCheckupAsksOnce(t *testing.T) {
	for status, want := range map[int]talkover.Reason{401: talkover.Refused, 429: talkover.RateLimited, 503: talkover.Refused, 302: talkover.Redirected} {
		n := 0
		base := serve(t, func(w http.ResponseWriter, _ *http.Request) {
			n++
			w.Header().Set("Retry-After", "7")
			w.Header().Set("X-RateLimit-Remaining", "many")
			w.WriteHeader(status)
		})
		up, err := newClient(t, talkover.Config{BaseURL: base}).Checkup(t.Context())
		var e *talkover.Error
		if !errors.As(err, &e) || e.Reason != want || e.Status != status || n != 1 {
			t.Errorf("%d: %v after %d requests", status, err, n)
		}
		if up.Calls != -1 || up.Left != -1 || up.Limit != -1 || !up.Dated {
			t.Errorf("%d: %+v", status, up)
		}
	}
}

// Without a token it is health that is asked, and without an answer nothing is known.
func TestCheckupOfLess(t *testing.T) {
	asked := make(chan string, 9)
	base := serve(t, func(w http.ResponseWriter, r *http.Request) {
		asked <- r.URL.Path + r.Header.Get("Authorization")
		w.Header().Set("Age", "3600") // out of a cache
		io.WriteString(w, `{"status":"ok"}`)
	})
	client := newClient(t, talkover.Config{BaseURL: base}).As(talkover.Secret{})
	up, err := client.Checkup(t.Context())
	if got := <-asked; err != nil || got != "/health" || up.Calls != -1 || up.Dated || len(asked) != 0 {
		t.Errorf("%s: %+v, %v", got, up, err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	up, err = client.Checkup(ctx)
	if want := (talkover.Checkup{Calls: -1, Limit: -1, Left: -1}); up != want || !errors.Is(err, context.Canceled) {
		t.Errorf("%+v, %v", up, err)
	}
}
