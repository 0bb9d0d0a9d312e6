package scan

import (
	"fmt"
	"strings"
	"time"

	"github.com/talkover/talkover-mcp/talkover"
	"github.com/talkover/talkover-mcp/talkover/cache"
)

const (
	// widestZone bounds how far a zone's days lie from those of UTC.
	widestZone = 14 * time.Hour
	// leastZone is the least difference of a zone from UTC that is in use.
	leastZone = time.Hour
)

// fit checks that calls are those that a query asked for: an API that ignores a
// filter would else make every figure wrong.
type fit struct {
	query          talkover.CallQuery
	from, to       time.Time // of the UTC days asked for; zero where unbounded
	broken         string    // the first filter that was ignored, in words
	outside        bool      // a call lies outside the UTC days, as far as a zone explains
	atStart, atEnd bool      // calls lie so near the ends that no other zone has them there
}

func fitOf(q talkover.CallQuery) fit {
	f := fit{query: q}
	if d, ok := cache.ParseDate(q.DateFrom); ok {
		f.from = d.Start()
	}
	if d, ok := cache.ParseDate(q.DateTo); ok {
		f.to = d.End()
	}
	return f
}

// zone tells what the calls say of the API's zone.
func (f *fit) zone() cache.Zone {
	return cache.Zone{AtStart: f.atStart, AtEnd: f.atEnd, Other: f.outside}
}

// check takes a call in.
func (f *fit) check(c talkover.Call) {
	ignored := func(filter string) {
		if f.broken == "" { // no value is quoted, which may be a phone number
			f.broken = fmt.Sprintf("Talkover listed calls that do not fit %s, so it ignores that filter", filter)
		}
	}
	q := &f.query
	if q.Status != "" && talkover.PlainStatus(c.Status) != q.Status {
		ignored("status")
	}
	if q.Direction != "" && c.Direction != q.Direction {
		ignored("direction")
	}
	if q.AgentID != "" && c.Agent.ID != q.AgentID {
		ignored("agent_id")
	}
	if q.Search != "" && !found(c, q.Search) {
		ignored("search")
	}
	if c.CreatedAt.IsZero() {
		return
	}
	if !f.from.IsZero() {
		switch after := c.CreatedAt.Sub(f.from); {
		case after < -widestZone:
			ignored("date_from")
		case after < 0:
			f.outside = true
		case after < leastZone:
			f.atStart = true
		}
	}
	if !f.to.IsZero() {
		switch before := f.to.Sub(c.CreatedAt); {
		case before <= -widestZone:
			ignored("date_to")
		case before <= 0:
			f.outside = true
		case before <= leastZone:
			f.atEnd = true
		}
	}
}

// found reports whether a call holds what was searched for, in a number or the
// SID, as they are written or by their digits.
func found(c talkover.Call, search string) bool {
	text := strings.ToLower(strings.Join([]string{c.From, c.To, c.SID, c.FromFormatted, c.ToFormatted}, "\n"))
	if strings.Contains(text, strings.ToLower(strings.TrimSpace(search))) {
		return true
	}
	d := talkover.Digits(search)
	return d != "" && (strings.Contains(talkover.Digits(c.From), d) || strings.Contains(talkover.Digits(c.To), d))
}
