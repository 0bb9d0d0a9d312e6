package stats

import (
	"slices"
	"strings"
	"time"

	"github.com/talkover/talkover-mcp/talkover"
	"github.com/talkover/talkover-mcp/talkover/calls"
)

// test tells some calls from others.
type test = func(*calls.Call) bool

// filterRow is all that is known of one filter.
type filterRow struct {
	name  string // of the argument that takes it
	given func(*Filter) bool
	// narrow has the API list or search what the filter asks for, or more; nil where it cannot.
	narrow func(*Filter, *calls.Want)
	// count has the API count no other calls than those that the filter asks for. It reports
	// false where that cannot be; nil stands for never.
	count func(*Filter, *calls.Count) bool
	// test tells which calls the filter asks for.
	test func(*Filter, *calls.Tables) test
	// sought says that the filter is what the API is asked to search for.
	sought bool
}

// filterRows are all filters, in the order in which answers name them.
var filterRows = []filterRow{
	{
		name:  "dates",
		given: func(f *Filter) bool { return f.Days != Days{} },
		count: always,
		test: func(f *Filter, _ *calls.Tables) test {
			w := f.Window()
			return func(c *calls.Call) bool { return w.Holds(c.Time()) }
		},
	},
	{
		name:   "status",
		given:  func(f *Filter) bool { return len(f.Statuses) > 0 },
		narrow: narrowStatus,
		count:  countStatuses,
		test: func(f *Filter, t *calls.Tables) test {
			kinds := kindsOf(t.Kinds)
			fits := make([]bool, len(kinds))
			for i, k := range kinds {
				fits[i] = f.asksFor(k, t.Kinds[i].Status)
			}
			open := slices.Contains(f.Statuses, StatusOpen)
			return func(c *calls.Call) bool { return fits[c.Kind] || open && kinds[c.Kind].isOpen(int(c.Seconds)) }
		},
	},
	{
		name:   "direction",
		given:  func(f *Filter) bool { return f.Direction != "" },
		narrow: func(f *Filter, w *calls.Want) { w.Query.Direction = f.Direction },
		count:  always,
		test: func(f *Filter, t *calls.Tables) test {
			fits := each(t.Kinds, func(k calls.Kind) bool { return k.Direction == f.Direction })
			return func(c *calls.Call) bool { return fits[c.Kind] }
		},
	},
	{
		name:  "agent",
		given: func(f *Filter) bool { return f.AgentID != "" },
		narrow: func(f *Filter, w *calls.Want) {
			if f.AgentID != DeletedAgent {
				w.Query.AgentID = f.AgentID
			}
		},
		test: func(f *Filter, t *calls.Tables) test {
			fits := each(t.Agents, f.fitsAgent)
			return func(c *calls.Call) bool { return fits[c.Agent] }
		},
	},
	{
		name:   "contact",
		given:  func(f *Filter) bool { return f.Contact != "" },
		sought: true,
		narrow: func(f *Filter, w *calls.Want) {
			if isWhole(f.Contact) {
				w.Number = f.Contact
			}
		},
		test: func(f *Filter, t *calls.Tables) test {
			begins := beginsWith(f.Contact, t)
			fits := each(t.Contacts, func(number string) bool {
				if strings.EqualFold(f.Contact, WithheldNumber.Key) {
					return isWithheld(number)
				}
				return begins(number)
			})
			return func(c *calls.Call) bool { return fits[c.Contact] }
		},
	},
	{
		name:  "line",
		given: func(f *Filter) bool { return f.Line != "" },
		test: func(f *Filter, t *calls.Tables) test {
			fits := each(t.Lines, beginsWith(f.Line, t))
			return func(c *calls.Call) bool { return fits[c.Line] }
		},
	},
	{
		name:   "search",
		given:  func(f *Filter) bool { return f.Search != "" },
		sought: true,
		narrow: func(f *Filter, w *calls.Want) {
			switch {
			case isWhole(f.Search):
				w.Search = talkover.National(f.Search)
			case !isNumber(f.Search) && len(f.Search) >= wholeNumber:
				w.Search = f.Search
			}
		},
		test: func(f *Filter, t *calls.Tables) test {
			text := strings.ToLower(f.Search)
			digits := talkover.Digits(text)
			if strings.HasPrefix(text, "+") {
				digits = "+" + digits
			}
			part := func(number string) bool {
				return strings.Contains(strings.ToLower(number), text) ||
					isNumber(text) && strings.Contains("+"+talkover.Digits(number), digits)
			}
			contacts, lines := each(t.Contacts, part), each(t.Lines, part)
			return func(c *calls.Call) bool {
				return contacts[c.Contact] || lines[c.Line] || strings.Contains(strings.ToLower(t.Whole(c).SID), text)
			}
		},
	},
	{
		name:  "min_seconds",
		given: func(f *Filter) bool { return f.MinSeconds > 0 },
		test: func(f *Filter, _ *calls.Tables) test {
			return func(c *calls.Call) bool { return int(c.Seconds) >= f.MinSeconds }
		},
	},
	{
		name:  "max_seconds",
		given: func(f *Filter) bool { return f.MaxSeconds != nil },
		test: func(f *Filter, _ *calls.Tables) test {
			return func(c *calls.Call) bool { return int(c.Seconds) <= *f.MaxSeconds }
		},
	},
	{
		name:  "hours",
		given: func(f *Filter) bool { return !f.Hours.IsZero() },
		test: func(f *Filter, _ *calls.Tables) test {
			clock := newClock(f.Zone, f.Hours.hold)
			return func(c *calls.Call) bool { return clock.of(c.At) }
		},
	},
	{
		name:  "weekdays",
		given: func(f *Filter) bool { return len(f.Weekdays) > 0 },
		test: func(f *Filter, _ *calls.Tables) test {
			clock := newClock(f.Zone, func(at time.Time) bool { return slices.Contains(f.Weekdays, at.Weekday()) })
			return func(c *calls.Call) bool { return clock.of(c.At) }
		},
	},
	{
		name:  "test_calls",
		given: func(f *Filter) bool { return f.Tests == ExcludeTests || f.Tests == OnlyTests },
		test: func(f *Filter, _ *calls.Tables) test {
			return func(c *calls.Call) bool { return c.Test == (f.Tests == OnlyTests) }
		},
	},
}

// The filters that are tested apart.
var (
	dates     = &filterRows[0]
	testCalls = &filterRows[len(filterRows)-1]
)

// always has the API count by what it lists by.
func always(*Filter, *calls.Count) bool { return true }

// each tests all of a list.
func each[T any](list []T, test func(T) bool) []bool {
	fits := make([]bool, len(list))
	for i, v := range list {
		fits[i] = test(v)
	}
	return fits
}

// narrowStatus has the API list by the one status that is asked for.
func narrowStatus(f *Filter, w *calls.Want) {
	statuses := slices.Compact(slices.Sorted(slices.Values(f.Statuses)))
	switch {
	case len(statuses) != 1:
	case slices.Contains(Statuses, statuses[0]):
		w.Query.Status = statuses[0]
	case statuses[0] == StatusMissed:
		w.Query.Direction = talkover.Inbound
	}
}

// countStatuses has the API count each status that may be asked for, but none that it does not
// document. Of those that were counted, the calls that are asked for are picked.
func countStatuses(f *Filter, c *calls.Count) bool {
	c.Statuses = nil
	for _, s := range Statuses {
		k := kind{outcomeOf(s), true}
		if f.asksFor(k, s) || slices.Contains(f.Statuses, StatusOpen) && k.isOpen(counted) {
			c.Statuses = append(c.Statuses, s)
		}
	}
	return !slices.ContainsFunc(f.Statuses, func(s string) bool {
		return !slices.Contains(Statuses, s) && s != StatusOpen && s != StatusUnanswered && s != StatusMissed
	})
}

// asksFor reports whether a status is asked for, whatever the duration of a call.
func (f *Filter) asksFor(k kind, status string) bool {
	for _, s := range f.Statuses {
		switch {
		case s == talkover.PlainStatus(status),
			s == StatusUnanswered && k.unanswered(),
			s == StatusMissed && k.missed(),
			s == StatusOther && k.outcome == otherwise:
			return true
		}
	}
	return false
}

// fitsAgent reports whether an agent is the one that is asked for.
func (f *Filter) fitsAgent(a talkover.Agent) bool {
	if f.AgentID == DeletedAgent {
		return a == talkover.Agent{}
	}
	return f.AgentID == "" || a.ID == f.AgentID
}

// beginsWith returns a test of numbers: whether they begin with one that was asked for, however both are
// written; of what is not a number, whether it begins with the same text.
func beginsWith(asked string, t *calls.Tables) func(string) bool {
	plain, text := numbering(t), strings.ToLower(strings.TrimSpace(asked))
	digits := talkover.Digits(strings.TrimPrefix(asked, "00"))
	return func(number string) bool {
		if digits == "" {
			return strings.HasPrefix(strings.ToLower(number), text)
		}
		return strings.HasPrefix(talkover.Digits(plain(number)), digits)
	}
}

// wholeNumber is how many digits a whole number has, or more. Of fewer, a search finds too many.
const wholeNumber = 10

// isWhole reports whether a contact is a whole number, in international form.
func isWhole(contact string) bool {
	return isNumber(contact) && len(talkover.Digits(contact)) >= wholeNumber
}

// isNumber reports whether a text is a number as people write it, or a part of one.
func isNumber(s string) bool {
	return strings.Trim(s, "+0123456789 ()-./") == "" && talkover.Digits(s) != ""
}
