package stats_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/talkover/talkover-mcp/talkover"
	"github.com/talkover/talkover-mcp/talkover/scan"
	"github.com/talkover/talkover-mcp/talkover/stats"
)

// A page that fails is an error, whichever it is, and no smaller answer.
func TestAPageThatFailsIsAnError(t *testing.T) {
	t.Parallel()
	for _, want := range []error{
		&talkover.Error{Reason: talkover.Refused, Status: 401},
		&talkover.Error{Reason: talkover.Malformed, Status: 200},
		context.Canceled,
	} {
		for _, log := range []struct {
			calls, requests int
			by              []stats.Dimension
		}{{1000, 11, nil}, {20_000, 50, []stats.Dimension{stats.ByDirection}}, {20_000, 50, []stats.Dimension{stats.ByHour}}} {
			records := generate(3, log.calls, 20*24*time.Hour)
			step := 1
			if testing.Short() {
				step = 7 // the race detector takes ten times as long
			}
			for at := 1; at <= log.requests; at += step {
				api := &fakeAPI{Records: records, Before: func(n int) error {
					if n == at {
						return want
					}
					return nil
				}}
				r, err := stats.Ask(t.Context(), api, stats.Question{Now: clock(), By: log.by})
				if !errors.Is(err, want) || r != nil {
					t.Errorf("request %d of a log of %d by %v fails: %+v, %v", at, log.calls, log.by, r, err)
				}
			}
		}
	}
}

// Where the limit ends a reading, the answer is about what is proven by then; where
// nothing is, it is an error with the wait.
func TestTheLimitHalfWay(t *testing.T) {
	t.Parallel()
	for _, by := range [][]stats.Dimension{{stats.ByDirection}, {stats.ByHour}} {
		records := generate(3, 20_000, 20*24*time.Hour)
		answers, step := 0, 1
		if testing.Short() {
			step = 7 // the race detector takes ten times as long
		}
		for at := 1; at <= 50; at += step {
			api := &fakeAPI{Records: records, Before: func(n int) error {
				if n == at {
					return &talkover.Error{Reason: talkover.RateLimited, Wait: time.Minute}
				}
				return nil
			}}
			r, err := stats.Ask(t.Context(), api, stats.Question{Now: clock(), By: by})
			var limited *talkover.Error
			if errors.As(err, &limited) && limited.Reason == talkover.RateLimited && limited.Wait > 0 {
				continue
			}
			if err != nil {
				t.Fatal(err)
			}
			answers++
			var part []talkover.Call
			for _, c := range calls(records) {
				if !c.CreatedAt.Before(r.From) && (r.To.IsZero() || c.CreatedAt.Before(r.To)) {
					part = append(part, c)
				}
			}
			if !r.Exact || r.Calls != len(part) || r.Calls == 0 || r.Whole || r.Reason == "" {
				t.Errorf("request %d by %v fails: %+v, where there are %d", at, by, r.Coverage, len(part))
			}
		}
		if answers < 30/step {
			t.Errorf("by %v: %d answers", by, answers)
		}
	}
}

// Where time runs out, the answer is about what was read by then, and exact.
func TestDeadlineHalfWay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for _, takes := range []time.Duration{time.Second, 4 * time.Second} {
			api := &fakeAPI{Records: generate(3, 5000, 50*24*time.Hour), Takes: takes, Budget: 200}
			partial := 0
			for patience := 12 * takes; ; patience += takes {
				ctx, cancel := context.WithTimeout(t.Context(), patience)
				start := time.Now()
				r, err := stats.Ask(ctx, api, stats.Question{Now: clock(), By: []stats.Dimension{stats.ByHour}})
				cancel()
				api.Requests = 0
				if took := time.Since(start); took > patience {
					t.Errorf("%s, where there was time for %s", took, patience)
				}
				if err != nil {
					t.Errorf("after %s: %v, where calls were read", patience, err)
					continue
				}
				var part []talkover.Call
				for _, c := range calls(api.Records) {
					if !c.CreatedAt.Before(r.From) {
						part = append(part, c)
					}
				}
				if !r.Exact || len(part) != r.Calls {
					t.Errorf("after %s: %+v, where there are %d calls", patience, r.Coverage, len(part))
				}
				sameMeasures(t, patience, plain, r.Totals.M, truth(part, len(part)))
				if r.Whole {
					break
				}
				partial++
				if !strings.Contains(r.Reason, "time") || r.Missing != 5000-len(part) && r.Missing > 5100-len(part) {
					t.Errorf("after %s: %+v", patience, r.Coverage)
				}
			}
			if partial == 0 {
				t.Error("there was always time for all")
			}
		}
	})
}

// 10,000 calls, with requests that take 200 ms: 4 at once, and little more time
// than that takes.
func TestPagesAreReadSideBySide(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		api := &fakeAPI{Records: generate(3, 10_000, 30*24*time.Hour), Takes: 200 * time.Millisecond, Budget: 200}
		start := time.Now()
		r := ask(t, api, stats.Question{})
		took, upstream := time.Since(start), 101*api.Takes/4
		t.Logf("%d requests, %d at once, in %s; the API needs %s", api.Requests, api.Most, took, upstream)
		if !r.Exact || !r.Whole || api.Requests > 104 || api.Most > 4 || took > 2*upstream {
			t.Errorf("%+v", r.Coverage)
		}
		api.Records = generate(3, 50_000, 30*24*time.Hour)
		start = time.Now()
		r = ask(t, api, stats.Question{By: []stats.Dimension{stats.ByAgent}})
		took, upstream = time.Since(start), time.Duration(api.Requests)*api.Takes/4
		if r.Method != scan.Counts || api.Most > 4 || took > 2*upstream {
			t.Errorf("%d requests, %d at once, in %s; the API needs %s: %+v", api.Requests, api.Most, took, upstream, r.Coverage)
		}
	})
}

// Nothing is asked once a call is cancelled, and it ends within half a second.
func TestCancelledCallAsksNoMore(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for _, n := range []int{5000, 50_000} {
			for after := 55 * time.Millisecond; after < 2500*time.Millisecond; after += 150 * time.Millisecond {
				api := &fakeAPI{Records: generate(3, n, 30*24*time.Hour), Takes: 200 * time.Millisecond}
				ctx, cancel := context.WithCancel(t.Context())
				asked := 0
				time.AfterFunc(after, func() {
					api.Mu.Lock()
					defer api.Mu.Unlock()
					asked = api.Requests
					cancel()
				})
				start := time.Now()
				r, err := stats.Ask(ctx, api, stats.Question{Now: clock(), By: []stats.Dimension{stats.ByAgent}})
				if took := time.Since(start); !errors.Is(err, context.Canceled) || r != nil || took > after+500*time.Millisecond {
					t.Errorf("cancelled after %s: ended after %s with %v", after, took, err)
				}
				time.Sleep(time.Minute)
				if api.Requests != asked {
					t.Errorf("cancelled after %s: %d requests, then %d more", after, asked, api.Requests-asked)
				}
			}
		}
	})
}
