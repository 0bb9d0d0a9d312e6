package tools

import (
	"github.com/talkover/talkover-mcp/talkover"
	"github.com/talkover/talkover-mcp/talkover/stats"
	"github.com/talkover/talkover-mcp/tools/answer"
	"github.com/talkover/talkover-mcp/tools/query"
)

// sumColumn is the last column of a matrix: its metric over the whole row.
const sumColumn = "all"

// statusOf names the status by which find_calls finds the calls that a metric counts.
var statusOf = map[stats.Metric]query.Outcomes{
	stats.Open: stats.StatusOpen, stats.Unanswered: stats.StatusUnanswered, stats.Missed: stats.StatusMissed,
	stats.OtherStatus: stats.StatusOther,
	stats.NoAnswer:    talkover.StatusNoAnswer, stats.Busy: talkover.StatusBusy, stats.Failed: talkover.StatusFailed,
}

// layMatrix shows a matrix, less the rows and columns without a call. Where there is no room
// for all rows, the first ones are left out, which are the earliest.
func (out *callStatsOutput) layMatrix(t *groups, name stats.Metric) {
	m, calls := t.report.Matrix(name), t.report.Matrix(stats.Calls)
	out.Matrix = &matrix{Rows: m.By[0], Columns: m.By[1], Metric: name}
	out.Order = string(m.By[0])
	called := func(totals []stats.Measure) (places []int) {
		for i, n := range totals {
			if n.Value > 0 {
				places = append(places, i)
			}
		}
		return places
	}
	rows, columns := called(calls.RowTotals), called(calls.ColumnTotals)
	if len(rows) > 0 {
		out.Table = answer.NewTable(func(i int, add func(string, answer.Cell)) {
			add(string(m.By[0]), answer.SafeText(m.Rows[i].Name))
			for _, j := range columns {
				add(m.Columns[j].Name, answer.MeasureCell(name, m.Cells[i][j]))
			}
			add(sumColumn, answer.MeasureCell(name, m.RowTotals[i]))
		}, rows)
	}
	out.Legend = answer.SafeText(stats.Legend([]stats.Metric{name}, "rows and columns without calls are left out"))
	all := out.Rows
	if more := answer.StatsSize.Fit(&out.Table, false, out.Text, out); more > 0 {
		out.Others = more
		out.Note("The last %d of %s; those before have no room. Ask for fewer days to see more.", len(all)-more,
			severalOf(m.By[:1], len(all)))
		out.Rows, rows = all[more:], rows[more:]
	}
	if len(rows) > 0 {
		out.behindFirst(t, m.By[:1], []stats.Value{m.Rows[rows[0]]})
		var column query.Filters
		if t.narrow(&column, m.By[1], m.Columns[columns[0]]) {
			out.Matrix.First = &answer.Arguments[query.Filters]{Args: column}
		}
	}
	out.behindMetric(name)
}
