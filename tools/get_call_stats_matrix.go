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
	stats.Open: stats.StatusOpen, stats.Unanswered: stats.StatusUnanswered, stats.Missed: stats.StatusMissed, stats.OtherStatus: stats.StatusOther,
	stats.NoAnswer: talkover.StatusNoAnswer, stats.Busy: talkover.StatusBusy, stats.Failed: talkover.StatusFailed,
}

// layMatrix shows a matrix, less the rows and columns without a call. Where there is no room
// for all rows, the first ones are left out, which are the earliest.
func (out *callStatsOutput) layMatrix(t *groups, name stats.Metric, fits func(answer.Table) int) {
	m, calls := t.report.Matrix(name), t.report.Matrix(stats.Calls)
	out.Matrix = &matrix{Rows: m.By[0], Columns: m.By[1], Metric: name}
	out.Order = answer.SafeText(m.By[0])
	laid := answer.Table{Columns: []string{string(m.By[0])}}
	var columns []int
	for j, v := range m.Columns {
		if calls.ColumnTotals[j].Value > 0 {
			columns = append(columns, j)
			laid.Columns = append(laid.Columns, v.Name)
		}
	}
	laid.Columns = append(laid.Columns, sumColumn)
	var shown []int // rows of m
	for i, v := range m.Rows {
		if calls.RowTotals[i].Value == 0 {
			continue
		}
		shown = append(shown, i)
		r := answer.Row{answer.SafeText(v.Name)}
		for _, j := range columns {
			r = append(r, answer.MeasureCell(name, m.Cells[i][j]))
		}
		laid.Rows = append(laid.Rows, append(r, answer.MeasureCell(name, m.RowTotals[i])))
	}
	out.Legend = answer.SafeText(stats.Legend([]stats.Metric{name}, "rows and columns without calls are left out"))
	if more := laid.Size() - fits(laid); more > 0 {
		out.Others = more
		out.Note("The last %d of %s; those before have no room. Ask for fewer days to see more.", laid.Size()-more, severalOf(m.By[:1], laid.Size()))
		laid.Rows, shown = laid.Rows[more:], shown[more:]
	}
	if out.Table = laid; len(shown) > 0 {
		out.behindFirst(t, m.By[:1], []stats.Value{m.Rows[shown[0]]})
		var column query.Filters
		if t.narrow(&column, m.By[1], m.Columns[columns[0]]) {
			out.Matrix.First = &answer.Echo[query.Filters]{Args: column}
		}
	}
	if status, ok := statusOf[name]; ok && out.Next != nil && len(out.Next.Arguments.Args.Status) == 0 {
		out.Next.Arguments.Args.Status = []query.Outcomes{status}
	}
}
