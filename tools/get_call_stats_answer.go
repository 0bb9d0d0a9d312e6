package tools

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/invopop/jsonschema"

	"github.com/talkover/talkover-mcp/schema"
	"github.com/talkover/talkover-mcp/talkover/stats"
	"github.com/talkover/talkover-mcp/tools/answer"
	"github.com/talkover/talkover-mcp/tools/query"
)

type callStatsInput struct {
	query.Filters
	GroupBy  []stats.Dimension `json:"group_by,omitempty" jsonschema:"maxItems=2"`
	Compare  comparison        `json:"compare,omitempty"`
	Top      int               `json:"top,omitempty" jsonschema:"minimum=1,maximum=50"`
	Order    rowOrder          `json:"order,omitempty"`
	MinCalls *int              `json:"min_calls,omitempty" jsonschema:"minimum=0"`
	Metrics  []metric          `json:"metrics,omitempty" desc:"Figures to show, in place of the usual ones."`
}

// Tags implements [schema.Tagged].
func (callStatsInput) Tags() schema.Tags {
	return schema.Tags{
		"group_by": `enum:"status,direction,agent,day,week,month,weekday,hour,contact,country,line,shift" ` +
			`desc:"Up to two; line is our number, shift business or after_hours. Two of time make a matrix of ` +
			`one metric." ` +
			`alias:"group,groups,by,dimensions,breakdown,split_by,dimension"`,
		"compare": `desc:"Another window: previous_period, week_before, month_before or year_before, ` +
			`cut alike where this one is not over; or days, such as 2026-05 or 2026-05-01..2026-05-31." ` +
			`alias:"compare_to,comparison,versus"`,
		"top": `desc:"Rows to show, those of most calls first." alias:"limit,n,count,max_results,per_page"`,
		"order": `desc:"Of rows: value, or a metric, largest first, or smallest: answer_rate asc. By default time by ` +
			`value, else calls." ` +
			`alias:"sort,order_by,sort_by"`,
		"min_calls": `desc:"Calls that a row needs to rank; 20 by default for rates and means." ` +
			`alias:"min_count,at_least"`,
		"metrics": `takes:"metric" alias:"columns,figures,measures,fields"`,
	}
}

// metric is one of stats.AllMetrics, or costEstimate.
type metric string

// JSONSchema implements the hook of invopop/jsonschema.
func (metric) JSONSchema() *jsonschema.Schema {
	return schema.OneOf(append(slices.Clone(stats.AllMetrics), costEstimate))
}

// comparison is a stats.Compare.
type comparison string

// JSONSchema implements the hook of invopop/jsonschema.
func (comparison) JSONSchema() *jsonschema.Schema { return &jsonschema.Schema{Type: "string"} }

// Check implements [schema.Checker].
func (c comparison) Check(string) error {
	if stats.Compare(c).Valid() && c != comparison(stats.PreviousDays) {
		return nil
	}
	return errors.New("it is none of previous_period, week_before, month_before, year_before, nor days such as " +
		"2026-05 or " +
		"2026-05-01..2026-05-31")
}

// with returns what a question compares with: with as many days where its period is one that rolls on.
func (in callStatsInput) with() stats.Compare {
	if in.Compare == comparison(stats.PreviousPeriod) && in.Period.IsRolling() {
		return stats.PreviousDays
	}
	return stats.Compare(in.Compare)
}

// rowOrder is a stats.RowOrder. Its schema does not list the metrics once more.
type rowOrder string

// JSONSchema implements the hook of invopop/jsonschema.
func (rowOrder) JSONSchema() *jsonschema.Schema { return &jsonschema.Schema{Type: "string"} }

// Check implements [schema.Checker].
func (o rowOrder) Check(string) error {
	if stats.RowOrder(o).Valid() {
		return nil
	}
	return fmt.Errorf("it is none of value, %s, each alone or before asc", answer.Joined(stats.AllMetrics))
}

// Spell implements [schema.Speller]. The largest come first without a word.
func (rowOrder) Spell(value string) string {
	words := strings.Fields(strings.ToLower(value))
	if len(words) == 2 && slices.Contains([]string{"desc", "descending"}, words[1]) {
		words = words[:1]
	} else if len(words) == 2 && words[1] == "ascending" {
		words[1] = "asc"
	}
	return strings.Join(words, " ")
}

// Validate implements [schema.Validator].
func (in *callStatsInput) Validate() schema.Faults {
	faults := in.Filters.Validate()
	if in.Compare != "" && in.DateFrom == "" && in.Period == "" {
		faults.Add("compare", "it needs period or date_from, or there is nothing before")
	}
	if len(in.GroupBy) == 2 && in.GroupBy[0] == in.GroupBy[1] {
		faults.Add("group_by", "it names one dimension twice; give each once")
	}
	if in.MinCalls != nil && len(in.GroupBy) == 0 {
		faults.Add("min_calls", "it needs group_by; it is about rows")
	}
	return append(faults, in.costFaults()...)
}

// order returns how rows are sorted. Where some rows alone are to be shown, or rank, those of most
// calls are meant, also of days and hours.
func (in callStatsInput) order() stats.RowOrder {
	if in.Order == "" && (in.Top > 0 || in.MinCalls != nil) {
		return stats.ByCalls
	}
	return stats.RowOrder(in.Order)
}

// chosen returns the metrics that were asked for, in the order of answers; none for the usual
// ones.
func (in callStatsInput) chosen() (names []stats.Metric) {
	for _, name := range stats.AllMetrics {
		if slices.Contains(in.Metrics, metric(name)) {
			names = append(names, name)
		}
	}
	if in.costed() && names == nil {
		return []stats.Metric{stats.Calls, stats.Answered, stats.TalkSeconds}
	}
	return names
}

// matrixOf returns the metric of a matrix, if the question is answered by one: it is by two
// dimensions of time, and asks for nothing that takes a row for each pair, such as the largest
// ones, another order or a comparison.
func (in callStatsInput) matrixOf() (name stats.Metric, ok bool) {
	if len(in.GroupBy) != 2 || !in.GroupBy[0].InOrder() || !in.GroupBy[1].InOrder() ||
		in.Top > 0 || in.Order != "" || in.MinCalls != nil || in.Compare != "" || len(in.Metrics) > 1 {
		return "", false
	}
	if len(in.Metrics) > 0 {
		return stats.Metric(in.Metrics[0]), true
	}
	return stats.Calls, true
}

type callStatsOutput struct {
	Coverage  answer.Coverage                 `json:"coverage"`
	Window    answer.StatsWindow              `json:"window"`
	Filters   answer.Arguments[query.Filters] `json:"filters"`
	TestCalls *int                            `json:"test_calls,omitempty"`
	Totals    answer.Measures                 `json:"totals"`
	Compare   *compared                       `json:"compare,omitempty"`
	PeakAt    *time.Time                      `json:"peak_at,omitempty" desc:"When peak_concurrent was, first."`
	Order     string                          `json:"order,omitempty"`
	Ranked    *int                            `json:"ranked,omitempty"`
	answer.Table
	Others int             `json:"others,omitempty" desc:"Groups without a row of their own."`
	Matrix *matrix         `json:"matrix,omitempty"`
	Cost   *cost           `json:"cost_estimate,omitempty"`
	Legend answer.SafeText `json:"legend,omitempty"`
	Next   *step           `json:"next,omitempty" desc:"Finds the calls of the first row, or of all."`
	answer.Frame

	unknown answer.SafeText // totals that were asked for and cannot be told
}

// Tags implements [schema.Tagged].
func (callStatsOutput) Tags() schema.Tags {
	return schema.Tags{
		"totals": `desc:"Rates are fractions of 1; what is not known is missing."`,
		"ranked": `desc:"Groups of min_calls or more; the others follow them."`,
	}
}

// compared holds what was in the other window, and what has changed since.
type compared struct {
	With    comparison      `json:"with"`
	From    answer.Moment   `json:"from"`
	To      answer.Moment   `json:"to"`
	Cut     bool            `json:"cut" desc:"The window is not over; both end at the same point."`
	Totals  answer.Measures `json:"totals"`
	Change  answer.Measures `json:"change"`
	Percent answer.Measures `json:"percent"`

	until   answer.SafeText // of the window that was asked for, where it is cut
	unknown answer.SafeText // like that of callStatsOutput
}

// matrix says what a table shows that has two dimensions: one down, one across.
type matrix struct {
	Rows    stats.Dimension `json:"rows"`
	Columns stats.Dimension `json:"columns"`
	Metric  stats.Metric    `json:"metric"`
	// First narrows filters to the first column, as next does to the first row.
	First *answer.Arguments[query.Filters] `json:"first_column,omitempty"`
}

// step is a call of a tool to go on with.
type step struct {
	Tool      answer.SafeText                 `json:"tool"`
	Arguments answer.Arguments[query.Filters] `json:"arguments"`

	rows bool // it is about the first row alone
}

// Measured tells metrics how exact the answer is; see coverage.
func (out *callStatsOutput) Measured() (exactness string, cached, read, counted int) {
	return out.Coverage.Measured()
}

// head writes the text above the table.
func (out *callStatsOutput) head() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s (%s)", out.Coverage, out.Filters.Args)
	if n := out.TestCalls; n != nil && *n > 0 {
		switch stats.TestCalls(out.Filters.Args.Tests) {
		case stats.ExcludeTests:
			fmt.Fprintf(&b, "; %s left out", answer.Plural(*n, "test call", "test calls"))
		case stats.IncludeTests, "":
			fmt.Fprintf(&b, "; %s", answer.Plural(*n, "of them is a test call", "of them test calls"))
		}
	}
	if out.Order != "" {
		fmt.Fprintf(&b, "; rows by %s", out.Order)
	}
	fmt.Fprintf(&b, "; %s; now %s.\n", answer.Plural(out.Coverage.Requests, "request", "requests"), out.Now)
	if totals := out.Totals.Words(out.unknown); totals != "" {
		fmt.Fprintf(&b, "Totals: %s.\n", totals)
		if out.PeakAt != nil {
			fmt.Fprintf(&b, "The peak was first reached at %s.\n", answer.BeginForm(*out.PeakAt, answer.NowForm))
		}
	}
	if c := out.Compare; c != nil {
		cut := ""
		if c.Cut {
			cut = "; cut at the same point, since this window is compared until " + string(c.until)
		}
		fmt.Fprintf(&b, "Before (%s, %s%s): %s.\n", c.With, answer.Span{From: c.From, To: c.To}, cut,
			cmp.Or(c.Totals.Words(c.unknown), "nothing is known"))
		if change := c.Change.Changes(c.Percent); change != "" {
			fmt.Fprintf(&b, "Change: %s.\n", change)
		}
	}
	out.WriteNotes(&b)
	return b.String()
}

func (out *callStatsOutput) Text() string {
	var b strings.Builder
	b.WriteString(out.head())
	if m := out.Matrix; m != nil {
		fmt.Fprintf(&b, "Matrix of %s, %s by %s:\n", m.Metric, m.Rows, m.Columns)
	}
	out.Write(&b, false)
	if legend := out.legend(); legend != "" {
		b.WriteString(legend + "\n")
	}
	if out.Cost != nil {
		out.Cost.write(&b)
	}
	switch {
	case out.Next == nil:
	case out.Next.rows:
		fmt.Fprintf(&b, "Calls of the first row: %s %s", out.Next.Tool, out.Next.Arguments.JSON())
	default:
		fmt.Fprintf(&b, "These calls: %s %s", out.Next.Tool, out.Next.Arguments.JSON())
	}
	return b.String()
}

// legend returns the line under the table, with the unit of what text shows otherwise than the
// structure does.
func (out *callStatsOutput) legend() string {
	shown := out.Totals.Names()
	for _, c := range out.Columns {
		shown = append(shown, stats.Metric(c))
	}
	if out.Matrix != nil {
		shown = append(shown, out.Matrix.Metric)
	}
	legend := string(out.Legend)
	if slices.ContainsFunc(shown, func(name stats.Metric) bool { return name.Unit() == stats.Rate }) {
		legend += "; shares and rates in %"
	}
	return strings.TrimPrefix(legend, "; ")
}
