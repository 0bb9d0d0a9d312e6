package query

import (
	"cmp"
	"context"
	"strings"
	"time"

	"github.com/talkover/talkover-mcp/schema"
	"github.com/talkover/talkover-mcp/talkover"
	"github.com/talkover/talkover-mcp/tools/answer"
)

// While numbers are masked, a search must not tell them digit by digit. So a search of
// calls takes a whole number or a whole SID, and one of names takes no digits.
type (
	// searcher is an input that looks for calls by number or SID.
	searcher interface{ Searched() []Sought }
	// Sought is one argument that does.
	Sought struct {
		Argument string
		Text     answer.SearchTerm
	}
	// namer is an input that searches by name.
	namer interface{ Named() answer.SearchTerm }
)

// CheckSearch refuses an input that could be used to find out a masked number.
func (q *Question) CheckSearch(ctx context.Context, in any) error {
	if !q.Masked {
		return nil
	}
	if n, ok := in.(namer); ok && answer.CountDigits(string(n.Named())) > 0 {
		return schema.Faults{{Argument: "search", Problem: "while numbers are masked, it takes no digits; leave them out"}}
	}
	if s, ok := in.(searcher); ok {
		for _, sought := range s.Searched() {
			if err := q.checkSought(ctx, sought); err != nil {
				return err
			}
		}
	}
	return nil
}

// checkSought refuses what is neither a whole number of a call nor a whole SID.
func (q *Question) checkSought(ctx context.Context, s Sought) error {
	if s.Text == "" || answer.WholeSID.MatchString(string(s.Text)) {
		return nil
	}
	number := "+" + talkover.Digits(string(s.Text))
	if !strings.HasPrefix(string(s.Text), "+") || !answer.IsE164(number) || len(number) <= answer.LeastToRing || !answer.OnlyNumber.MatchString(string(s.Text)) {
		return schema.Faults{{Argument: s.Argument, Problem: "while numbers are masked, it takes a whole number in E.164, + and all digits, or a whole SID; nothing less"}}
	}
	// A number that lacks its last digits has the same form. Talkover finds those it is a
	// part of, so the answer is the same as for a number without calls.
	caller := cmp.Or(q.Caller, string(q.Client.Key("account")))
	if wait := q.misses.take(caller, q.Now); wait > 0 {
		return answer.Refuse("guessing", answer.Say(true, "%d searches in an hour were for numbers that no call has. While numbers are masked, there may be no more of them: "+
			"try again in %d min, or search for a whole SID.", mostMisses, int((wait+time.Minute-1)/time.Minute)))
	}
	page, err := q.Client.ListCalls(ctx, talkover.CallQuery{Search: s.Text.Dialled(), PerPage: 1})
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
	return answer.Refuse("bad_arguments", "No call has this very number. While numbers are masked, a part of a number finds nothing.")
}
