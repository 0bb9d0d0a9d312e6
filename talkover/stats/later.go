package stats

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/talkover/talkover-mcp/talkover"
	"github.com/talkover/talkover-mcp/talkover/scan"
)

// later gets the calls that tell what became of missed ones: all calls since, up to now,
// whatever the window and the filters of the question were.
type later struct {
	api scan.API
	w   scan.Wanted // of the question
	pay bool        // sends requests for them; else they are those of the question, or not known
}

// since is what is known of all calls since a moment.
type since struct {
	from     time.Time     // from when on all calls are known; zero for all of the log
	parts    []scan.Part   // to follow, beside those of the question
	known    bool          // all calls since the first missed one of the question
	reason   string        // why not, in words
	askAgain time.Duration // when more can be known; 0 where it cannot be told
	err      error         // why nothing is known
}

// since returns what is known of all calls since the first missed one of a segment; zero
// stands for none.
func (l *later) since(ctx context.Context, first time.Time, s scan.Segment) (since, error) {
	// Whether they are told must not depend on what is kept: the same question has the same
	// figures twice.
	if first.IsZero() || (l.pay || l.w.Query == talkover.CallQuery{}) && isAll(s, l.w.Now()) {
		return since{from: s.From, known: true}, nil
	}
	none := since{reason: "it depends on all calls since, up to now, whatever the filters, which are read only if it is asked for", err: &talkover.Error{Reason: talkover.RateLimited, Wait: time.Minute}}
	if !l.pay {
		return none, nil
	}
	w := l.w
	w.Window, w.Query, w.Fits, w.Matches, w.Enough, w.Counter = scan.Window{From: first}, talkover.CallQuery{}, nil, nil, 0, nil
	w.OldestFirst = false
	none.reason = "it depends on all calls since, up to now, which could not be read whole"
	run, err := scan.Gather(ctx, l.api, w)
	var limited *talkover.Error
	if err != nil {
		return none, err
	}
	segment, err := run.Best()
	switch {
	case errors.As(err, &limited) && limited.Reason == talkover.RateLimited:
		none.reason = "it depends on all calls since, up to now, and the plan's requests are used up" + inSeconds(limited.Wait)
		none.askAgain, none.err = limited.Wait, err
		return none, nil
	case err != nil:
		return none, err
	}
	c := run.Coverage(segment)
	if !c.Whole {
		run.ReadOn()
	}
	if !isAll(segment, l.w.Now()) || !c.Exact {
		none.reason, none.askAgain = none.reason+inSeconds(c.AskAgain), c.AskAgain
		return none, nil
	}
	known := since{from: segment.From, parts: segment.Parts, known: c.Whole}
	if !c.Whole {
		known.reason = "it depends on all calls since, up to now, of which only the newest could be read" + inSeconds(c.AskAgain)
		known.askAgain = c.AskAgain
	}
	return known, nil
}

// inSeconds words when to ask again; a wait of 0 would not help, and is not told.
func inSeconds(wait time.Duration) string {
	if wait == 0 {
		return ""
	}
	return fmt.Sprintf("; ask again in %d s", (wait+time.Second-1)/time.Second)
}

// isAll reports whether a segment holds all calls since its beginning.
func isAll(s scan.Segment, now time.Time) bool {
	if !s.To.IsZero() && !s.To.After(now) {
		return false
	}
	for _, p := range s.Parts {
		if p.Filtered || p.Inexact != "" {
			return false
		}
	}
	return len(s.Parts) > 0
}
