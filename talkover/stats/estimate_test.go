package stats_test

import (
	"context"
	"fmt"
	"runtime/debug"
	"slices"
	"testing"
	"time"

	"github.com/talkover/talkover-mcp/talkover/stats"
)

// tallied is what the estimates of some calls are held against.
type tallied struct{ calls, answered, final, finalAnswered, talk int }

func (s *tallied) add(c *record) {
	s.calls++
	open := c.status == initiated || c.status == ringing || c.status == answered && c.seconds == 0
	is := c.status == answered || c.status == completed
	if !open {
		s.final++
	}
	if is {
		s.answered++
		s.talk += int(c.seconds)
		if !open {
			s.finalAnswered++
		}
	}
}

func (s *tallied) of(name stats.Metric) float64 {
	switch name {
	case stats.Calls:
		return float64(s.calls)
	case stats.Answered:
		return float64(s.answered)
	case stats.AnswerRate:
		return float64(s.finalAnswered) / float64(s.final)
	case stats.TalkSeconds:
		return float64(s.talk)
	case stats.MeanSeconds:
		return float64(s.talk) / float64(s.answered)
	}
	panic(name)
}

// Of the 95 % intervals of a hundred logs, with trends, rhythm and campaigns, at
// least ninety hold the truth; of groups, at least nine in ten. (An interval
// that treats calls of a page as independent holds it in some sixty.)
func TestIntervalsHoldTheTruth(t *testing.T) {
	skipRaced(t)
	t.Parallel()
	type score struct{ held, of int }
	scores := map[string]*score{}
	for seed := range uint64(100) {
		n := 20_000 + int(seed)*80
		api := &fakeAPI{records: generate(seed, n, time.Duration(60+3*seed)*24*time.Hour)}
		for _, question := range []struct {
			by      stats.Dimension
			without bool
			metrics []stats.Metric
		}{
			{stats.ByHour, true, []stats.Metric{stats.Calls, stats.Answered, stats.AnswerRate, stats.MeanSeconds, stats.TalkSeconds}},
			{stats.ByContact, false, []stats.Metric{stats.Calls, stats.AnswerRate, stats.MeanSeconds}},
			{stats.ByAgent, false, []stats.Metric{stats.MeanSeconds, stats.TalkSeconds}},
		} {
			var all tallied
			groups := map[string]*tallied{}
			for i := range api.records {
				c := &api.records[i]
				if question.without && c.test {
					continue
				}
				all.add(c)
				var key string
				switch question.by {
				case stats.ByHour:
					key = fmt.Sprintf("%02d", c.at/3600%24)
				case stats.ByContact:
					key = numbers[c.contact]
				case stats.ByAgent:
					key = agentOf(c.agent).ID
				}
				if groups[key] == nil {
					groups[key] = new(tallied)
				}
				groups[key].add(c)
			}
			r, err := stats.Ask(context.Background(), api, stats.Question{By: []stats.Dimension{question.by}, ExcludeTests: question.without, Now: now, Budget: 45})
			if err != nil || r.Method == stats.Scan {
				t.Fatal(r, err)
			}
			hold := func(what string, m stats.Measure, want float64) {
				if !m.Estimate {
					t.Fatalf("seed %d: %s is no estimate: %+v", seed, what, m)
				}
				if !m.Known { // too few pages have such a call
					return
				}
				if scores[what] == nil {
					scores[what] = new(score)
				}
				scores[what].of++
				if m.Low <= want && want <= m.High {
					scores[what].held++
				}
			}
			for _, name := range question.metrics {
				if question.by != stats.ByContact {
					hold(fmt.Sprintf("%s of the totals, by %s", name, question.by), r.Totals.M[name], all.of(name))
				}
				for _, row := range r.Rows {
					g := groups[row.Values[0].Key]
					if g.calls < n/200 || g.answered < 50 { // only frequent ones
						continue
					}
					hold(fmt.Sprintf("%s by %s", name, question.by), row.M[name], g.of(name))
				}
			}
		}
	}
	var whats []string
	for what := range scores {
		whats = append(whats, what)
	}
	slices.Sort(whats)
	for _, what := range whats {
		s := scores[what]
		t.Logf("%s: %.1f %% of %d", what, 100*float64(s.held)/float64(s.of), s.of)
		if 100*s.held < 90*s.of {
			t.Errorf("%s: %d of %d intervals hold the truth", what, s.held, s.of)
		}
	}
}

// skipRaced skips a test of figures alone, which the race detector makes no truer
// and ten times as slow.
func skipRaced(t *testing.T) {
	t.Helper()
	if b, ok := debug.ReadBuildInfo(); ok && slices.Contains(b.Settings, debug.BuildSetting{Key: "-race", Value: "true"}) {
		t.Skip("the race detector has nothing to find here")
	}
}
