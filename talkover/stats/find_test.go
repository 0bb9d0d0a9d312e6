package stats_test

import (
	"cmp"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/talkover/talkover-mcp/talkover"
	"github.com/talkover/talkover-mcp/talkover/stats"
)

// became is what becomes of a missed call by now: "" if it was returned.
func became(f stats.Filter, c talkover.Call, all []talkover.Call) stats.Only {
	result := stats.OnlyNotCalledBack
	for _, o := range callsWith(contactOf(c), all) {
		if !countsTests(f, o) || !o.CreatedAt.After(c.CreatedAt) {
			continue
		}
		if kind(o) == stats.Answered {
			return ""
		}
		if o.Direction == "outbound" {
			result = stats.OnlyCalledBackNoAnswer
		}
	}
	return result
}

// byContact are the calls of a log by their contacts, for callsWith.
var byContact = map[*talkover.Call]map[string][]talkover.Call{}

// callsWith are the calls of a log with a contact.
func callsWith(contact string, all []talkover.Call) []talkover.Call {
	if len(all) == 0 {
		return nil
	}
	if byContact[&all[0]] == nil {
		calls := map[string][]talkover.Call{}
		for _, c := range all {
			calls[contactOf(c)] = append(calls[contactOf(c)], c)
		}
		byContact[&all[0]] = calls
	}
	return byContact[&all[0]][contact]
}

// wanted is what a search is for, by going through all calls of the log.
func wanted(s stats.Search, all []talkover.Call) []talkover.Call {
	found := askedFor(s.Filter, all)
	times := map[string]int{}
	for _, c := range found {
		times[contactOf(c)]++
	}
	found = slices.DeleteFunc(found, func(c talkover.Call) bool {
		switch s.Only {
		case "":
			return false
		case stats.OnlyRepeat:
			return times[contactOf(c)] < 2 || isWithheld(contactOf(c))
		}
		if !isMissed(c) || isWithheld(contactOf(c)) {
			return true
		}
		b := became(s.Filter, c, all)
		return b == "" || s.Only != stats.OnlyUnreturned && b != s.Only
	})
	slices.SortStableFunc(found, func(x, y talkover.Call) int {
		switch s.Order {
		case stats.Oldest:
			return x.CreatedAt.Compare(y.CreatedAt)
		case stats.Longest:
			return cmp.Or(y.Duration-x.Duration, y.CreatedAt.Compare(x.CreatedAt))
		case stats.Shortest:
			return cmp.Or(x.Duration-y.Duration, y.CreatedAt.Compare(x.CreatedAt))
		}
		return y.CreatedAt.Compare(x.CreatedAt)
	})
	return found
}

// anySearch draws a search.
func anySearch(t *testing.T, r *rand.Rand) stats.Search {
	s := stats.Search{
		Filter: anyFilter(t, r, 40), Limit: 1 + r.IntN(50),
		Order: []stats.Order{stats.Newest, stats.Oldest, stats.Longest, stats.Shortest}[r.IntN(4)],
	}
	if r.IntN(3) == 0 {
		s.Only = []stats.Only{stats.OnlyNotCalledBack, stats.OnlyCalledBackNoAnswer, stats.OnlyUnreturned, stats.OnlyRepeat}[r.IntN(4)]
	}
	return s
}

// line is the place of a call in an order; calls of one second come in any order.
func line(o stats.Order, c talkover.Call) string {
	if o == stats.Oldest || o == stats.Newest {
		return c.CreatedAt.String()
	}
	return fmt.Sprint(c.Duration, c.CreatedAt)
}

// Searches of each kind, and the very next rows of each until there are none: the right
// calls in the right order, each once.
func TestFindAgainstGoingThroughAllCalls(t *testing.T) {
	log := oddLog(generate(5, 4000, 40*24*time.Hour))
	all := log.rows
	r := rand.New(rand.NewPCG(3, 1))
	kinds := map[stats.Only]int{}
	for range 3 * *questions { // some find nothing
		s := anySearch(t, r)
		found := find(t, log, s)
		want := wanted(s, all)
		if found.All && found.Total != len(want) || !found.All && (found.Total > len(want) || found.Total <= s.Limit && found.Total < len(want)) {
			t.Errorf("%+v: %d found, all %v, want %d", s, found.Total, found.All, len(want))
		}
		if !found.Exact {
			t.Errorf("%+v: not exact: %s", s, found.Reason)
		}
		if len(want) > 0 {
			kinds[s.Only]++
		}
		seen := map[string]bool{}
		for pages := 0; ; pages++ {
			if found.Skipped != len(seen) || len(found.Rows) != min(s.Limit, len(want)-len(seen)) {
				t.Fatalf("%+v: %d rows after %d of %d, and %d skipped", s, len(found.Rows), len(seen), len(want), found.Skipped)
			}
			for _, c := range found.Rows {
				if line(s.Order, c) != line(s.Order, want[len(seen)]) || seen[c.ID] {
					t.Fatalf("%+v: row %d is of %s, want %s, or came before", s, len(seen), c.CreatedAt, want[len(seen)].CreatedAt)
				}
				if !slices.ContainsFunc(want, func(w talkover.Call) bool { return w.ID == c.ID }) {
					t.Fatalf("%+v: %s is found, and should not be", s, c.ID)
				}
				seen[c.ID] = true
			}
			if found.Next == (stats.Cursor{}) || pages == 5 {
				if pages < 5 && len(seen) != len(want) {
					t.Errorf("%+v: %d rows in all, want %d", s, len(seen), len(want))
				}
				break
			}
			var err error
			if s.After, err = stats.ParseCursor(found.Next.String()); err != nil || s.After != found.Next {
				t.Fatal(err)
			}
			found = find(t, log, s)
		}
	}
	for _, only := range []stats.Only{"", stats.OnlyNotCalledBack, stats.OnlyCalledBackNoAnswer, stats.OnlyUnreturned, stats.OnlyRepeat} {
		if kinds[only] == 0 {
			t.Errorf("only %q found something %d times: too few to show anything", only, kinds[only])
		}
	}
}

// While calls come in, the next rows are those after the ones that were shown.
func TestNextRowsOfALogThatGrows(t *testing.T) {
	for _, order := range []stats.Order{stats.Newest, stats.Longest} {
		log := logOf(generate(5, 900, 10*24*time.Hour))
		s := stats.Search{Filter: stats.Filter{Zone: time.UTC, Statuses: []string{"completed"}}, Order: order, Limit: 20}
		want := wanted(s, log.rows)
		at := 0
		for range 5 {
			found := find(t, log, s)
			if len(found.Rows) != 20 {
				t.Fatal(found)
			}
			for i, c := range found.Rows {
				if line(order, c) != line(order, want[at+i]) {
					t.Errorf("%s: row %d is of %s, want %s", order, at+i, c.CreatedAt, want[at+i].CreatedAt)
				}
			}
			at += 20
			offset := s
			offset.After, offset.Skip = stats.Cursor{}, found.Skipped
			if again := find(t, log, offset); again.Skipped != found.Skipped || !slices.EqualFunc(again.Rows, found.Rows, func(x, y talkover.Call) bool { return x.ID == y.ID }) {
				t.Errorf("%s: %d skipped, want the same rows as after %d", order, again.Skipped, found.Skipped)
			}
			s.After = found.Next
			come := record{At: now.Unix(), ID: uint32(50_000 + at), Status: completed, Seconds: 9999}
			log.rows = append(log.rows, come.Call())
		}
	}
}

func TestTextsThatAreNoCursors(t *testing.T) {
	for _, s := range []string{"2", "a.b", "1.2.3.4", "zz.-1.a", "-1.2.a", "%.1.a", "1.2.", "zzzzzzzzzzzz.1.a", "1.x.a"} {
		if c, err := stats.ParseCursor(s); !errors.Is(err, stats.ErrNoCursor) {
			t.Errorf("%q is %v, %v", s, c, err)
		}
	}
	if c, err := stats.ParseCursor(""); err != nil || c != (stats.Cursor{}) || c.String() != "" {
		t.Errorf("%v, %v", c, err)
	}
}

// Of a log that is too large to read, what is found is all that there is in the part
// that is named: the newest, or the oldest where that comes first.
func TestFindBeyondTheBudget(t *testing.T) {
	records := generate(5, 20_000, 200*24*time.Hour)
	all := callsOf(records)
	for _, order := range []stats.Order{stats.Longest, stats.Oldest, stats.Newest} {
		for _, f := range []stats.Filter{{}, {Days: stats.Days{From: "2026-04-20"}}, {Days: stats.Days{To: "2026-11-05"}}, {Direction: "inbound"}} {
			for _, status := range []string{"", "completed"} {
				log := &fakeLog{rows: all, most: 5000}
				f.Zone, f.MinSeconds, f.Statuses = time.UTC, 30, nil
				if status != "" {
					f.Statuses = []string{status}
				}
				s := stats.Search{Filter: f, Order: order, Limit: 10_000}
				found := find(t, log, s)
				want := wanted(s, slices.DeleteFunc(slices.Clone(all), func(c talkover.Call) bool {
					return c.CreatedAt.Before(found.From) || !found.To.IsZero() && !c.CreatedAt.Before(found.To)
				}))
				if found.Complete || found.All || !found.Exact || found.Reason == "" || found.Total != len(want) || found.Coverage.Calls < 3000 {
					t.Errorf("%s %+v: %+v, %d found, want %d", order, f, found.Coverage, found.Total, len(want))
				}
				ends, starts := found.To.IsZero() || f.Days.To != "", found.From.IsZero() || f.Days.From == "2026-04-20"
				if order == stats.Oldest && !starts || order != stats.Oldest && !ends {
					t.Errorf("%s %+v: it is about %s to %s", order, f, found.From, found.To)
				}
			}
		}
	}
}
