// Package sandbox is an invented Talkover account, served as the documented API
// serves a real one. The demo, the tests and the examples of the docs are all
// answered by it.
//
//	account := sandbox.New(time.Now())
//	client, err := talkover.New(talkover.Config{
//		Token:     talkover.NewSecret(sandbox.Token),
//		Transport: account.Transport(),
//	})
//
// The account depends on the day alone: the same day gives the same calls, and
// the calls of a past day are the same on every later one.
package sandbox

import (
	"cmp"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"time"
)

// Token is the one bearer token that the account takes.
const Token = "talq_demo"

const (
	days  = 60 // of log, the current day included
	clock = 18 // the hour, UTC, at which the account's day stands still
)

// Call is a row of the account, in the vendor's own JSON.
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

// Agent is an agent as a call carries it.
type Agent struct {
	ID    string `json:"id"`
	Name  string `json:"name"`
	Label string `json:"label"`
}

// Account is a call log and an [http.Handler] that serves it. The zero value is
// an empty account; do not touch its fields while it serves.
type Account struct {
	Calls     []Call // newest first
	Agents    []Agent
	Campaigns []Campaign
	now       time.Time
	mu        sync.RWMutex // of Calls, to which placed ones are added
	placed    int
}

// New invents the account as it stands on the UTC day of now: some 2,400 calls
// of the last 60 days, up to [Account.Now].
func New(now time.Time) *Account {
	day := now.UTC().Truncate(24 * time.Hour)
	a := &Account{now: day.Add(clock * time.Hour), Agents: []Agent{*reception, *support, *sales, *reminders, *intake}}
	a.Calls = make([]Call, 0, 50*days) // about so many
	for back := range days {
		a.Calls = append(a.Calls, callsOf(day.AddDate(0, 0, -back))...)
	}
	a.settle()
	a.Sort()
	a.Campaigns = a.campaigns()
	return a
}

// Now is the moment at which the account stands: 18:00 UTC of its day, so that
// there are calls in progress and the same question has the same answer all day.
func (a *Account) Now() time.Time { return a.now }

// Sort puts the newest calls first, as the API lists them.
func (a *Account) Sort() {
	slices.SortFunc(a.Calls, func(x, y Call) int {
		return cmp.Or(y.CreatedAt.Compare(x.CreatedAt), cmp.Compare(y.ID, x.ID))
	})
}

// settle drops what had not happened by now, puts the last calls in progress,
// and takes the deleted agent off its calls.
func (a *Account) settle() {
	a.Calls = slices.DeleteFunc(a.Calls, func(c Call) bool { return !c.CreatedAt.Before(a.now) })
	for i := range a.Calls {
		c := &a.Calls[i]
		if c.Agent.ID == surveys.ID {
			c.Agent = nil
		}
		switch age := a.now.Sub(c.CreatedAt); {
		case age > 12*time.Minute && !c.UpdatedAt.After(a.now):
			continue
		case age < time.Minute:
			c.Status = "initiated"
		case age < 3*time.Minute:
			c.Status = "ringing"
		default:
			c.Status = "answered"
		}
		c.Duration, c.UpdatedAt = 0, c.CreatedAt
	}
}

// The account's agents. surveys was deleted: its calls remain without an agent.
// intake is a draft, which has no calls and can place none.
var (
	reception = &Agent{"5b0c6a52-7f3e-4a55-9d2a-3d1f0e7c9a01", "Reception", "Reception (EN)"}
	support   = &Agent{"8e4f1d90-2c6b-4b1e-8a77-5c9d2e6f4b02", "Support Agent", "Customer Support"}
	sales     = &Agent{"c27d9b3e-91a4-4f60-b5d8-7e0a1c3f8d03", "Sales Agent", "Sales Outreach"}
	reminders = &Agent{"f1a83c6d-4e57-4d29-a0cb-9b2e5d7f6c04", "Reminder Agent", "Appointment Reminders"}
	intake    = &Agent{"a4c90b57-6d13-4e8f-b2c1-1f7a9e3d8b06", "Intake Agent", "Patient Intake"}
	surveys   = &Agent{"3d6e2f81-b8c5-47a3-96f4-0a8c7b1e5d05", "Survey Agent", "Survey Agent"}
)

// The account's own numbers. All numbers are of ranges kept for fiction.
const (
	mainLine    = "+12025550100"
	supportLine = "+12025550142"
	salesLine   = "+442079460018"
)

// hourly is how many of a weekday's 1,000 calls fall into each hour, UTC.
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
		// Some missed callers are rung back within the hour.
		if c.Direction == "inbound" && c.Status == "no-answer" && r.IntN(3) == 0 {
			back := at.Add(time.Duration(4+r.IntN(50)) * time.Minute)
			if back.Before(day.AddDate(0, 0, 1)) {
				calls = append(calls, finish(r, Call{Direction: "outbound", From: c.To, To: c.From, Agent: support}, back))
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
		c.Direction, c.From = "inbound", contact
		if r.IntN(100) < 60 {
			c.To, c.Agent = mainLine, reception
		} else {
			c.To, c.Agent = supportLine, support
		}
	} else {
		c.Direction, c.To = "outbound", contact
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
	//                completed no-answer busy failed answered
	weights := []int{70, 13, 5, 5, 7}
	if c.Direction == "inbound" {
		weights = []int{76, 14, 2, 3, 5}
	}
	c.Status = []string{"completed", "no-answer", "busy", "failed", "answered"}[pick(r, weights)]
	c.CreatedAt = at
	if c.Status == "completed" || c.Status == "answered" {
		// Most calls are short; a few run long.
		c.Duration = 4 + int(r.ExpFloat64()*130)
		c.Duration = min(c.Duration, 1800)
	}
	c.UpdatedAt = at.Add(time.Duration(c.Duration+r.IntN(25)) * time.Second)
	c.ID = fmt.Sprintf("%08x-%04x-4%03x-a%03x-%012x", r.Uint32(), r.IntN(1<<16), r.IntN(1<<12), r.IntN(1<<12), r.Int64N(1<<48))
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

// formatted writes an E.164 number as the API shows it.
func formatted(e164 string) string {
	if len(e164) == 12 && e164[1] == '1' {
		return "(" + e164[2:5] + ") " + e164[5:8] + "-" + e164[8:]
	}
	if len(e164) < 11 {
		return e164
	}
	return e164[:3] + " " + e164[3:5] + " " + e164[5:9] + " " + e164[9:]
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
