package tools

import (
	"github.com/talkover/talkover-mcp/talkover/stats"
	"github.com/talkover/talkover-mcp/tools/answer"
	"github.com/talkover/talkover-mcp/tools/query"
)

// behind says how to find all calls.
func (out *callStatsOutput) behind(f query.Filters, t *groups) {
	if t.report.Calls > 0 {
		out.Next = &step{Tool: "find_calls", Arguments: answer.Arguments[query.Filters]{Args: f}}
	}
}

// behindFirst says how to find the calls of the first row instead, which has these values in
// these dimensions, if there are filters for them.
func (out *callStatsOutput) behindFirst(t *groups, by []stats.Dimension, values []stats.Value) {
	if out.Next == nil {
		return
	}
	f := out.Next.Arguments.Args
	for i, d := range by {
		if !t.narrow(&f, d, values[i]) {
			return
		}
	}
	out.Next.Arguments.Args, out.Next.rows = f, true
}

// behindMetric narrows what is found to the calls that a metric counts, where a status tells them.
func (out *callStatsOutput) behindMetric(name stats.Metric) {
	if status, ok := statusOf[name]; ok && out.Next != nil && len(out.Next.Arguments.Args.Status) == 0 {
		out.Next.Arguments.Args.Status = []query.Outcomes{status}
	}
}

// narrow puts the value of a group into filters. It returns false if no filter can say it.
func (t *groups) narrow(f *query.Filters, d stats.Dimension, v stats.Value) bool {
	key := v.Key
	if d == stats.ByAgent && (key == "" || t.listed[key]) { // else the list does not have its label
		key = t.label(v)
	}
	return f.Pick(d, key)
}
