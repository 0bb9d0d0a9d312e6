package query

import (
	"cmp"
	"context"
	"reflect"
	"strings"
	"time"

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
		argument, text := answer.ArgumentOf(f), v.FieldByIndex(f.Index)
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
