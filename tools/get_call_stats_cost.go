package tools

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/talkover/talkover-mcp/schema"
	"github.com/talkover/talkover-mcp/talkover"
	"github.com/talkover/talkover-mcp/talkover/calls"
	"github.com/talkover/talkover-mcp/talkover/stats"
	"github.com/talkover/talkover-mcp/tools/answer"
	"github.com/talkover/talkover-mcp/tools/query"
)

// costEstimate is the metric that is no exact figure: talk time by the prices of today.
const costEstimate = "cost_estimate"

// mostPriced bounds the agents whose prices one answer looks up, those that talked longest first.
const mostPriced = 60

// cost is an estimate of what calls cost, apart from the exact figures.
type cost struct {
	Amounts  answer.Money `json:"amounts"`
	Priced   int          `json:"priced_calls"`
	Of       int          `json:"of_calls" desc:"Answered calls, test calls left out."`
	Deleted  int          `json:"calls_of_deleted_agents"`
	Unpriced int          `json:"calls_without_price"`
	Exact    bool         `json:"calls_exact"`
	answer.Table

	about answer.SafeText // what the calls rest on
	read  answer.SafeText // when the oldest of the prices was read
}

// Tags implements [schema.Tagged].
func (cost) Tags() schema.Tags {
	return schema.Tags{
		"amounts": `desc:"By currency: minutes of answered calls at today's prices; not the bill."`,
	}
}

// costed reports whether the estimate is asked for.
func (in callStatsInput) costed() bool { return slices.Contains(in.Metrics, costEstimate) }

// costFaults says what an estimate cannot be asked for.
func (in callStatsInput) costFaults() (faults schema.Faults) {
	if !in.costed() {
		return nil
	}
	if in.Compare != "" {
		faults.Add("compare", "%s is by the prices of today, so nothing is compared by it; leave one out", costEstimate)
	}
	if by := in.GroupBy; len(by) > 1 || len(by) == 1 && by[0] != stats.ByAgent && by[0] != stats.ByDay {
		faults.Add("group_by", "%s is told in all, by agent or by day alone", costEstimate)
	}
	if string(in.Tests) == string(stats.OnlyTests) {
		faults.Add("test_calls", "test calls cost nothing; leave out %s", costEstimate)
	}
	return faults
}

// sameCalls is a log that gives the calls of its first question again, so that an estimate is of the
// same moment as the figures above it. What was counted was not read.
type sameCalls struct {
	stats.Log
	taken *calls.Taken
}

// Calls implements [stats.Log].
func (l *sameCalls) Calls(ctx context.Context, w calls.Want) (taken *calls.Taken, err error) {
	if l.taken == nil || l.taken.Parts[0].Method == calls.ByCounts {
		l.taken, err = l.Log.Calls(ctx, w)
	}
	return l.taken, err
}

// estimate tells what the calls of a question cost, by the prices that their agents have today.
func (out *callStatsOutput) estimate(ctx context.Context, q *query.Question, held stats.Log, in callStatsInput,
	narrowed query.Narrowed) error {
	wanted := stats.Question{
		Filter: narrowed.Filter(), By: []stats.Dimension{stats.ByAgent},
		Metrics: []stats.Metric{stats.Answered, stats.TalkSeconds}, Now: q.Clock,
	}
	wanted.Filter.Tests = stats.ExcludeTests // they cost nothing
	if slices.Contains(in.GroupBy, stats.ByDay) {
		wanted.By = append(wanted.By, stats.ByDay)
	}
	report, err := stats.Ask(ctx, held, wanted)
	if err != nil {
		return err
	}
	c := &cost{
		Amounts: answer.Money{}, Exact: answer.IsWhole(report.Coverage),
		about: q.About(report.Coverage, narrowed.Window),
	}
	prices := out.pricesOf(ctx, q, report)
	groups, oldest := map[costKey]float64{}, time.Time{}
	for _, row := range report.Rows {
		calls, price := int(row.M[stats.Answered].Value), prices[row.Values[0].Key]
		amount := row.M[stats.TalkSeconds].Value / 60 * price.PerMinute
		c.Of += calls
		if price.Deleted {
			c.Deleted += calls
			continue
		}
		if !c.Amounts.Add(price.Currency, amount) {
			c.Unpriced += calls
			continue
		}
		c.Priced += calls
		groups[costKey{row.Values[len(row.Values)-1], price.Currency}] += amount
		if oldest.IsZero() || price.ReadAt.Before(oldest) {
			oldest = price.ReadAt
			c.read = answer.SafeText(", read " + oldest.In(q.Zone).Format(answer.NowForm))
		}
	}
	c.Amounts.Round()
	c.Table = answer.Table{Columns: []string{}, Rows: []answer.Row{}}
	if len(in.GroupBy) == 1 {
		c.lay(in.GroupBy[0], groups)
	}
	out.Cost = c
	return nil
}

// pricesOf looks up the prices of the agents in a report. Why one could not be read is noted.
func (out *callStatsOutput) pricesOf(ctx context.Context, q *query.Question,
	report *stats.Report) map[string]query.Price {
	prices := map[string]query.Price{stats.Deleted.Key: {Deleted: true}}
	unknown := query.Price{Price: talkover.Price{PerMinute: math.NaN()}}
	noted := false
	for _, row := range report.Rows {
		agent := row.Values[0].Key
		if _, ok := prices[agent]; ok || row.M[stats.Answered].Value == 0 {
			continue
		}
		price, err := unknown, error(nil)
		if len(prices) <= mostPriced {
			price, err = q.PriceOf(ctx, agent)
		}
		if err != nil {
			price = unknown
		}
		if prices[agent] = price; err != nil && !noted {
			out.Note("Some prices could not be read: %s", answer.SafeText(answer.Explain(err, q.Masked)))
			noted = true
		}
	}
	return prices
}

// costKey is a group of calls whose prices are of one currency.
type costKey struct {
	of       stats.Value
	currency string
}

// lay puts in a row for each group, the dearest agents or the first days first.
func (c *cost) lay(by stats.Dimension, groups map[costKey]float64) {
	keys := slices.SortedFunc(maps.Keys(groups), func(x, y costKey) int {
		if by == stats.ByDay {
			return cmp.Or(cmp.Compare(x.of.Key, y.of.Key), cmp.Compare(x.currency, y.currency))
		}
		return cmp.Or(cmp.Compare(x.currency, y.currency), cmp.Compare(groups[y], groups[x]))
	})
	c.Columns = []string{string(by), "currency", costEstimate}
	for _, k := range keys[:min(len(keys), mostGroups)] {
		c.Rows = append(c.Rows,
			answer.Row{
				answer.ForeignText(k.of.Name), answer.SafeText(k.currency), answer.Decimal(answer.Cents(groups[k])),
			})
	}
}

// write writes the estimate under the exact figures.
func (c *cost) write(b *strings.Builder) {
	fmt.Fprintf(b, "Cost estimate, not the bill: %s for %d of %s, by today's prices a minute%s; test calls left out",
		cmp.Or(strings.Join(c.Amounts.Words(), " and "), "no amount"), c.Priced,
		answer.Plural(c.Of, "answered call", "answered calls"), c.read)
	if c.Deleted > 0 {
		fmt.Fprintf(b, "; %s of deleted agents", answer.Plural(c.Deleted, "is", "are"))
	}
	if c.Unpriced > 0 {
		fmt.Fprintf(b, "; %s of agents without a price", answer.Plural(c.Unpriced, "is", "are"))
	}
	fmt.Fprintf(b, ". These calls: %s.\n", c.about)
	c.Write(b, false)
}
