package query

import (
	"cmp"
	"context"
	"reflect"
	"strings"
	"sync"
	"time"

	lru "github.com/hashicorp/golang-lru/v2"

	"github.com/talkover/talkover-mcp/schema"
	"github.com/talkover/talkover-mcp/talkover"
	"github.com/talkover/talkover-mcp/tools/answer"
)

// CheckSearch refuses an input that could be used to find out a masked number. A search must not tell
// it digit by digit. So an argument with the tag masked:"number" takes a whole number or a whole SID,
// and one with masked:"name" takes no digits.
func (q *Question) CheckSearch(ctx context.Context, in any) error {
	if !q.Masked {
		return nil
	}
	v := reflect.ValueOf(in)
	for _, f := range reflect.VisibleFields(v.Type()) {
		argument, text := schema.NameOf(f), v.FieldByIndex(f.Index)
		switch kind := f.Tag.Get("masked"); {
		case kind == "number":
			if err := q.checkNumber(ctx, argument, answer.SearchTerm(text.String())); err != nil {
				return err
			}
		case kind == "name" && answer.CountDigits(text.String()) > 0:
			return schema.Faults{{
				Argument: argument, Problem: "while numbers are masked, it takes no digits; leave them out",
			}}
		}
	}
	return nil
}

// checkNumber refuses what is neither a whole number of a call nor a whole SID.
func (q *Question) checkNumber(ctx context.Context, argument string, text answer.SearchTerm) error {
	if text == "" || answer.WholeSID.MatchString(string(text)) {
		return nil
	}
	number := "+" + talkover.Digits(string(text))
	if !strings.HasPrefix(string(text), "+") || !answer.IsE164(number) || len(number) <= answer.LeastToRing ||
		!answer.OnlyNumber.MatchString(string(text)) {
		return schema.Faults{{Argument: argument, Problem: "while numbers are masked, it takes a whole number in " +
			"E.164, " +
			"+ and all digits, or a whole SID; nothing less"}}
	}
	// A number that lacks its last digits has the same form. Talkover finds those it is a
	// part of, so the answer is the same as for a number without calls.
	caller := cmp.Or(q.Caller, string(q.Client.Key("account")))
	if wait := q.misses.take(caller, q.Now); wait > 0 {
		return answer.Refuse("guessing", answer.Say(true, "%d searches in an hour were for numbers that no call has. "+
			"While numbers are masked, there may be no more of them: try again in %d min, or search for a whole SID.",
			mostMisses, int((wait+time.Minute-1)/time.Minute)))
	}
	page, err := q.Client.ListCalls(ctx, talkover.CallQuery{Search: text.Dialled(), PerPage: 1})
	if err != nil {
		q.misses.giveBack(caller)
		return err
	}
	for _, call := range page.Rows {
		if number == "+"+talkover.Digits(call.From) || number == "+"+talkover.Digits(call.To) {
			q.misses.giveBack(caller)
			return nil
		}
	}
	return answer.Refuse("bad_arguments", "No call has this very number. While numbers are masked, a part of a "+
		"number finds nothing.")
}

const (
	mostMisses  = 20     // searches for numbers without calls in any hour, of each caller
	mostGuesses = 65_536 // callers that are known; a new one takes the place of the one idle for longest
)

// misses counts the searches of each caller for whole numbers that no call has, while numbers
// are masked. Without a bound, who tries all numbers finds out those that are there.
type misses struct {
	mu sync.Mutex
	by *lru.Cache[string, []time.Time]
}

// take counts a search before it is known whether it misses. It returns how long the caller
// must wait where there were too many in the hour before.
func (m *misses) take(caller string, now time.Time) (wait time.Duration) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.by == nil {
		m.by, _ = lru.New[string, []time.Time](mostGuesses) // fails only for a size below 1
	}
	all, _ := m.by.Get(caller)
	for len(all) > 0 && now.Sub(all[0]) >= time.Hour {
		all = all[1:]
	}
	if len(all) >= mostMisses {
		return time.Hour - now.Sub(all[0])
	}
	m.by.Add(caller, append(all, now))
	return 0
}

// giveBack counts a search no more: it found its number, or nothing was asked.
func (m *misses) giveBack(caller string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if all, _ := m.by.Get(caller); len(all) > 0 {
		m.by.Add(caller, all[:len(all)-1])
	}
}
