// Package sandbox invents a Talkover account and serves it as the documented API
// serves a real one. It answers the demo, the tests and the examples of the docs.
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
	"slices"
	"sync"
	"time"

	"github.com/talkover/talkover-mcp/talkover"
)

// Token is the one bearer token that the account takes.
const Token = "talq_demo"

// days is the length of the log, the current day included.
const days = 60

// Account holds a call log, and serves it as an [http.Handler]. The zero value is an
// empty account. Do not touch its fields while it serves.
type Account struct {
	Calls     []Call // newest first
	Agents    []Agent
	Campaigns []Campaign
	Numbers   []Number
	now       time.Time
	mu        sync.RWMutex // guards Calls and placed once it serves
	placed    int          // calls that were placed since New
}

// New invents the account as it stands on the UTC day of now: some 2,400 calls
// of the last 60 days, up to [Account.Now].
func New(now time.Time) *Account {
	day := now.UTC().Truncate(24 * time.Hour)
	a := &Account{now: day.Add(clock * time.Hour), Agents: []Agent{*reception, *support, *sales, *reminders, *intake}}
	a.Numbers = numbersOf(a.now)
	a.Calls = make([]Call, 0, 50*days) // about so many
	for back := range days {
		a.Calls = append(a.Calls, callsOf(day.AddDate(0, 0, -back))...)
	}
	a.settle()
	a.Sort()
	a.Campaigns = campaignsOf(a.Calls, a.now)
	return a
}

// Now returns the moment at which the account stands: 18:00 UTC of its day. At that
// hour calls are in progress, and the same question has the same answer all day.
func (a *Account) Now() time.Time { return a.now }

// Sort puts the newest calls first, as the API lists them.
func (a *Account) Sort() {
	slices.SortFunc(a.Calls, func(x, y Call) int {
		return cmp.Or(y.CreatedAt.Compare(x.CreatedAt), cmp.Compare(y.ID, x.ID))
	})
}

// settle drops the calls after a.now, puts the last ones before it in progress, and
// takes the deleted agent off its calls.
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
			c.Status = talkover.StatusInitiated
		case age < 3*time.Minute:
			c.Status = talkover.StatusRinging
		default:
			c.Status = talkover.StatusAnswered
		}
		c.Duration, c.UpdatedAt = 0, c.CreatedAt
	}
}
