package tools

import (
	"cmp"
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"

	"github.com/talkover/talkover-mcp/talkover"
	"github.com/talkover/talkover-mcp/tools/answer"
)

// summary sums up the calls of a page.
type summary struct {
	Status      map[string]int `json:"status"`
	Direction   map[string]int `json:"direction"`
	Answered    int            `json:"answered" desc:"Completed, or answered and over."`
	Open        int            `json:"open,omitempty"`
	TalkSeconds int            `json:"talk_seconds" desc:"Of answered calls."`
	MeanSeconds float64        `json:"mean_seconds,omitempty" desc:"Per answered call."`
	TestCalls   int            `json:"test_calls"`
}

// newSummary sums up calls.
func newSummary(calls []talkover.Call) summary {
	t := summary{Status: map[string]int{}, Direction: map[string]int{}}
	for _, c := range calls {
		t.add(c)
	}
	return t
}

// add takes a call in.
func (t *summary) add(c talkover.Call) {
	t.Status[c.Status]++
	t.Direction[c.Direction]++
	switch {
	case talkover.IsOpen(c.Status, c.Duration):
		t.Open++
	case c.Answered():
		t.Answered++
		t.TalkSeconds += c.Duration
		t.MeanSeconds = math.Round(10*float64(t.TalkSeconds)/float64(t.Answered)) / 10
	}
	if c.IsTesting {
		t.TestCalls++
	}
}

// String writes the summary in words, the most frequent first.
func (t summary) String() string {
	parts := []string{counts(t.Status), counts(t.Direction)}
	if t.Answered > 0 {
		parts = append(parts,
			fmt.Sprintf("talk %d s, mean %g of %d answered", t.TalkSeconds, t.MeanSeconds, t.Answered))
	}
	if t.Open > 0 {
		parts = append(parts, fmt.Sprintf("%d still going on", t.Open))
	}
	if t.TestCalls > 0 {
		parts = append(parts, string(answer.Plural(t.TestCalls, "test call", "test calls")))
	}
	return strings.Join(parts, "; ")
}

// counts writes how many there are of each name, the most frequent first.
func counts(m map[string]int) string {
	names := slices.SortedFunc(maps.Keys(m), func(x, y string) int {
		return cmp.Or(m[y]-m[x], strings.Compare(x, y))
	})
	for i, name := range names {
		n := m[name]
		switch {
		case name == "":
			name = "unknown"
		case !isPlainWord(name):
			name = fmt.Sprintf("%q", name) // other people's text is no part of our sentence
		}
		names[i] = fmt.Sprintf("%d %s", n, name)
	}
	if more := len(names) - mostCounts; more > 0 {
		names = append(names[:mostCounts], string(answer.Plural(more, "other", "others")))
	}
	return strings.Join(names, ", ")
}

// mostCounts bounds the names that counts writes.
const mostCounts = 10

// isPlainWord reports whether s looks like a documented status or direction.
func isPlainWord(s string) bool {
	return strings.Trim(s, "abcdefghijklmnopqrstuvwxyz-_") == ""
}
