package sandbox

import (
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/talkover/talkover-mcp/talkover"
)

// Call holds a row of the account's log, in the vendor's own JSON.
type Call struct {
	ID            string    `json:"id"`
	SID           string    `json:"sid"`
	To            string    `json:"to"`
	ToFormatted   string    `json:"to_formatted"`
	From          string    `json:"from"`
	FromFormatted string    `json:"from_formatted"`
	IsTesting     bool      `json:"is_testing"`
	Direction     string    `json:"direction"`
	Status        string    `json:"status"`
	Duration      int       `json:"duration"`
	Agent         *Agent    `json:"agent"`
	CreatedAt     time.Time `json:"created_at"`
	UpdatedAt     time.Time `json:"updated_at"`
}

// clock is the hour, UTC, at which the account's day stands still.
const clock = 18

// hourly tells how many of a weekday's 1,000 calls fall into each hour, UTC.
var hourly = [24]int{2, 1, 1, 1, 2, 5, 12, 34, 78, 96, 104, 92, 61, 74, 98, 102, 89, 66, 38, 20, 12, 7, 4, 1}

// callsOf invents the calls of one UTC day; they depend on nothing but the day.
func callsOf(day time.Time) []Call {
	r := rand.New(rand.NewPCG(uint64(day.Unix()), 0x7461_6c6b_6f76_6572))
	n := 48 + r.IntN(9)
	switch day.Weekday() {
	case time.Saturday:
		n = 17 + r.IntN(6)
	case time.Sunday:
		n = 6 + r.IntN(5)
	}
	calls := make([]Call, 0, n+n/8)
	// Three calls each evening that the account catches in progress.
	for _, before := range []time.Duration{20 * time.Second, 90 * time.Second, 310 * time.Second} {
		calls = append(calls, newCall(r, day, day.Add(clock*time.Hour-before)))
	}
	for range n - len(calls) {
		at := day.Add(time.Duration(pick(r, hourly[:]))*time.Hour + time.Duration(r.IntN(3600))*time.Second)
		c := newCall(r, day, at)
		calls = append(calls, c)
		// An agent rings some missed callers back within the hour.
		if c.Direction == talkover.Inbound && c.Status == talkover.StatusNoAnswer && r.IntN(3) == 0 {
			back := at.Add(time.Duration(4+r.IntN(50)) * time.Minute)
			if back.Before(day.AddDate(0, 0, 1)) {
				again := Call{Direction: talkover.Outbound, From: c.To, To: c.From, Agent: support}
				calls = append(calls, finish(r, again, back))
			}
		}
	}
	return calls
}

// newCall invents a call at the given moment of a day.
func newCall(r *rand.Rand, day, at time.Time) Call {
	var c Call
	contact := contactNumber(r)
	if r.IntN(100) < 55 {
		c.Direction, c.From = talkover.Inbound, contact
		if r.IntN(100) < 60 {
			c.To, c.Agent = mainLine, reception
		} else {
			c.To, c.Agent = supportLine, support
		}
	} else {
		c.Direction, c.To = talkover.Outbound, contact
		switch n := r.IntN(100); {
		case n < 45:
			c.From, c.Agent = salesLine, sales
		case n < 88:
			c.From, c.Agent = mainLine, reminders
		default:
			c.From, c.Agent = supportLine, surveys
		}
	}
	// The survey agent was deleted at the end of a quarter, by the calendar, so
	// that a day's calls do not depend on when they are looked at.
	if c.Agent == surveys && day.Day() > 20 {
		c.Agent = support
	}
	c.IsTesting = r.IntN(100) < 3
	return finish(r, c, at)
}

// finish gives a call its outcome, length, ids and formatted numbers.
func finish(r *rand.Rand, c Call, at time.Time) Call {
	outcomes := []string{
		talkover.StatusCompleted, talkover.StatusNoAnswer, talkover.StatusBusy, talkover.StatusFailed,
		talkover.StatusAnswered,
	}
	weights := []int{70, 13, 5, 5, 7}
	if c.Direction == talkover.Inbound {
		weights = []int{76, 14, 2, 3, 5}
	}
	c.Status = outcomes[pick(r, weights)]
	c.CreatedAt = at
	if c.Status == talkover.StatusCompleted || c.Status == talkover.StatusAnswered {
		// Most calls are short; a few run long.
		c.Duration = 4 + int(r.ExpFloat64()*130)
		c.Duration = min(c.Duration, 1800)
	}
	c.UpdatedAt = at.Add(time.Duration(c.Duration+r.IntN(25)) * time.Second)
	c.ID = fmt.Sprintf("%08x-%04x-4%03x-a%03x-%012x",
		r.Uint32(), r.IntN(1<<16), r.IntN(1<<12), r.IntN(1<<12), r.Int64N(1<<48))
	c.SID = fmt.Sprintf("CA%016x%016x", r.Uint64(), r.Uint64())
	c.ToFormatted, c.FromFormatted = formatted(c.To), formatted(c.From)
	return c
}

// contactNumber draws one of some 900 people; a few of them call often.
func contactNumber(r *rand.Rand) string {
	areas := []int{202, 212, 305, 312, 415, 512, 617, 702, 808}
	n := r.IntN(900)
	if r.IntN(4) == 0 {
		n = r.IntN(40)
	}
	if n%15 == 7 {
		return fmt.Sprintf("+4420794607%02d", n%100)
	}
	return fmt.Sprintf("+1%d55501%02d", areas[n/100], n%100)
}

// pick draws an index with the given weights.
func pick(r *rand.Rand, weights []int) int {
	sum := 0
	for _, w := range weights {
		sum += w
	}
	n := r.IntN(sum)
	for i, w := range weights {
		if n -= w; n < 0 {
			return i
		}
	}
	panic("unreachable")
}
