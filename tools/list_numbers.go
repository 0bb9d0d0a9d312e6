package tools

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/talkover/talkover-mcp/schema"
	"github.com/talkover/talkover-mcp/talkover"
	"github.com/talkover/talkover-mcp/talkover/stats"
	"github.com/talkover/talkover-mcp/tools/answer"
	"github.com/talkover/talkover-mcp/tools/query"
)

type listNumbersInput struct {
	Period query.Period `json:"period,omitempty" desc:"Days whose calls are counted; last_30_days if left out."`
}

// Tags implements [schema.Tagged].
func (listNumbersInput) Tags() schema.Tags {
	return schema.Tags{
		"period": `alias:"range,window,when,time_range"`,
	}
}

type listNumbersOutput struct {
	Numbers    int          `json:"numbers"`
	Unused     *int         `json:"unused,omitempty"`
	Monthly    answer.Money `json:"monthly_cost" desc:"By currency, as far as Talkover says."`
	CallsExact bool         `json:"calls_exact" desc:"calls are all of the period."`
	answer.Table
	answer.Frame

	about answer.SafeText // what the calls rest on
}

// Tags implements [schema.Tagged].
func (listNumbersOutput) Tags() schema.Tags {
	return schema.Tags{
		"unused": `desc:"Numbers without a call. Missing if not all calls were read."`,
	}
}

// rented is a number with its calls.
type rented struct {
	talkover.PhoneNumber
	agents []string
	calls  answer.Cell
	count  int
}

// rentedColumns lists the columns of a table of numbers.
func rentedColumns(n rented, add func(string, answer.Cell)) {
	add("number", answer.Phone(n.Number))
	add("calls", n.calls)
	add("monthly_cost", answer.AmountCell(n.MonthlyCost))
	add("currency", answer.ForeignText(n.Currency))
	add("agent", answer.ForeignText(strings.Join(n.agents, " + ")))
	add("country", answer.ForeignText(n.Country))
	add("status", answer.ForeignText(n.Status))
	add("renewal", answer.ForeignText(n.RenewalDate))
	add("auto_renewal", answer.SafeText(map[bool]string{true: "yes", false: "no"}[n.AutoRenewal]))
}

// listNumbers is the tool that tells which numbers are paid for, and how much they are used.
var listNumbers = tool[listNumbersInput, *listNumbersOutput]{
	name:  "list_numbers",
	title: "List rented numbers",
	description: "Lists the phone numbers that the account rents, fewest calls first, with monthly cost, " +
		"renewal, agent and the calls of a period on each.",
	limit: longTime,
	run:   answerListNumbers,
}

func answerListNumbers(ctx context.Context, q *query.Question, in listNumbersInput) (*listNumbersOutput, error) {
	numbers, err := q.Client.ListNumbers(ctx)
	if err != nil {
		return nil, err
	}
	narrowed, err := q.Narrow(ctx, query.Filters{Period: cmp.Or(in.Period, "last_30_days")})
	if err != nil {
		return nil, err
	}
	report, err := stats.Ask(ctx, q.Calls, stats.Question{
		Filter: narrowed.Filter(), By: []stats.Dimension{stats.ByLine}, Metrics: []stats.Metric{stats.Calls},
		Now:      q.Clock,
		Progress: progress(ctx),
	})
	if err != nil {
		return nil, err
	}
	agents, _ := q.ReadAgents(ctx) // without the list the rows name no agent
	out := &listNumbersOutput{
		Numbers: len(numbers.Rows), Monthly: answer.Money{}, CallsExact: answer.IsWhole(report.Coverage),
		Frame: q.Frame(), about: q.About(report.Coverage, narrowed.Window),
	}
	all, unused := usedNumbers(numbers.Rows, agents.Rows, report), 0
	for _, n := range all {
		if n.count == 0 {
			unused++
		}
		out.Monthly.Add(n.Currency, n.MonthlyCost)
	}
	out.Monthly.Round()
	if out.CallsExact {
		out.Unused = &unused
	}
	if numbers.Unreadable > 0 {
		out.Note("%s could not be read and left out here.", answer.Plural(numbers.Unreadable, "number", "numbers"))
	}
	out.Table = answer.NewTable(rentedColumns, all)
	out.fit()
	return out, nil
}

// fit leaves out the numbers that an answer has no room for.
func (out *listNumbersOutput) fit() {
	notes := out.Notes
	leave := func(n int) {
		out.Notes = notes
		out.Note("An answer has no room for %s, which have more calls than these.",
			answer.Plural(n, "number", "numbers"))
	}
	leave(len(out.Rows)) // for the room that it takes
	if left := answer.FindSize.Fit(&out.Table, false, out.Text, out); left > 0 {
		leave(left)
	} else {
		out.Notes = notes
	}
}

// usedNumbers adds the calls and the agents of each number, and puts those with fewest calls first,
// and of those the dearest. Two spellings of a number are one where their digits are equal.
func usedNumbers(numbers []talkover.PhoneNumber, agents []talkover.AgentInfo, report *stats.Report) []rented {
	calls, names := map[string]int{}, map[string][]string{}
	for _, row := range report.Rows {
		calls[talkover.Digits(row.Values[0].Key)] += int(row.M[stats.Calls].Value)
	}
	for _, a := range agents {
		for _, n := range a.Numbers {
			names[talkover.Digits(n)] = append(names[talkover.Digits(n)], a.Display())
		}
	}
	var all []rented
	for _, n := range numbers {
		digits := talkover.Digits(n.Number)
		all = append(all, rented{n, names[digits], answer.Count(calls[digits]), calls[digits]})
	}
	slices.SortStableFunc(all, func(x, y rented) int {
		// never by a number that may be hidden
		return cmp.Or(cmp.Compare(x.count, y.count), cmp.Compare(y.MonthlyCost, x.MonthlyCost))
	})
	return all
}

// Text writes the answer for a model.
func (out *listNumbersOutput) Text() string {
	var b strings.Builder
	b.WriteString(string(answer.Plural(out.Numbers, "rented number", "rented numbers")))
	if out.Unused != nil {
		fmt.Fprintf(&b, ", %d without a call", *out.Unused)
	}
	for _, amount := range out.Monthly.Words() {
		b.WriteString("; monthly cost " + amount)
	}
	fmt.Fprintf(&b, "; fewest calls first; %s, now %s.\nCalls: %s.\n", out.Timezone, out.Now, out.about)
	out.WriteNotes(&b)
	out.Write(&b, false)
	return strings.TrimSuffix(b.String(), "\n")
}
