package exam_test

import (
	"cmp"
	"slices"

	"github.com/talkover/talkover-mcp/tools/exam"
)

// truth computes the facts of a question from the log. Days are those of New York unless the
// question says otherwise; there it is Thursday, November 5, 13:00.
type truth func(*callLog) exam.Facts

// totals makes the facts of one set of calls.
func totals(cs calls, names ...string) exam.Facts {
	return exam.Facts{Totals: cs.figures(names...)}
}

// compared makes the facts of a comparison: between the clock times of one window and those
// of the other.
func compared(l *callLog, z zone, from, to, otherFrom, otherTo string, is is, names ...string) exam.Facts {
	now := l.between(clockTime(z, from), clockTime(z, to)).where(is).figures(names...)
	was := l.between(clockTime(z, otherFrom), clockTime(z, otherTo)).where(is).figures(names...)
	return exam.Facts{
		Windows: map[string]string{"from": from, "to": to, "previous_from": otherFrom, "previous_to": otherTo},
		Totals:  now, Previous: was, Change: difference(now, was),
	}
}

// all is true of every call.
func all(*call) bool { return true }

// table makes the facts of a table of these rows, in this order.
func table(rows []exam.Row) exam.Facts {
	return exam.Facts{Rows: rows, Ordered: true, Whole: true}
}

// found makes the facts of a search: how many calls fit, and the first rows in order.
func found(n int, first []exam.Row) exam.Facts {
	return exam.Facts{Found: &n, Rows: first, Ordered: true, Whole: n == len(first)}
}

// with adds totals to facts.
func with(f exam.Facts, totals map[string]float64) exam.Facts {
	f.Totals = totals
	return f
}

// october is the last month, and so on.
func (l *callLog) october() calls    { return l.days(newYork, "2026-10-01", "2026-10-31") }
func (l *callLog) lastWeek() calls   { return l.days(newYork, "2026-10-26", "2026-11-01") }
func (l *callLog) thisWeek() calls   { return l.days(newYork, "2026-11-02", "2026-11-05") }
func (l *callLog) yesterday() calls  { return l.days(newYork, "2026-11-04", "2026-11-04") }
func (l *callLog) last30Days() calls { return l.days(newYork, "2026-10-06", "2026-11-04") }

// reversed returns calls the oldest first.
func (cs calls) reversed() calls {
	var back calls
	for i := range cs {
		back = append(back, cs[len(cs)-1-i])
	}
	return back
}

// matrix makes a row of each weekday and hour that has calls.
func matrix(cs calls, z zone) (all []exam.Row) {
	for _, day := range weekdays {
		for _, p := range inOrder(cs.where(onAny(z, day)).by(byHour(z))) {
			all = append(all, exam.Row{"weekday": day, "hour": p.value, "calls": p.count()})
		}
	}
	return all
}

// demoTruths has the truth of each question about the demo account.
var demoTruths = map[string]truth{
	// How much, and how much of it was answered.
	"calls-yesterday": func(l *callLog) exam.Facts {
		return totals(l.yesterday(), "calls", "answered", "answer_rate")
	},
	"inbound-by-day-last-week": func(l *callLog) exam.Facts {
		return table(rows("day", inOrder(l.lastWeek().where(inbound).by(byDay(newYork))), "calls"))
	},
	"calls-a-day-in-october": func(l *callLog) exam.Facts {
		return exam.Facts{Totals: map[string]float64{
			"calls": l.october().count(), "per_day": rounded(l.october().count()/31, 1),
		}}
	},
	"calls-a-day-this-week": func(l *callLog) exam.Facts { // of the three days that are over
		return exam.Facts{Totals: map[string]float64{"per_day": rounded(l.days(newYork, "2026-11-02",
			"2026-11-04").count()/3, 1)}}
	},
	"open-now": func(l *callLog) exam.Facts {
		open := l.where(open)
		return found(len(open), sids(open))
	},

	// Lengths.
	"longer-than-ten-minutes": func(l *callLog) exam.Facts {
		return totals(l.october().where(longerThan(600)), "calls")
	},
	"five-longest": func(l *callLog) exam.Facts {
		return exam.Facts{Rows: sids(l.last30Days().longest(5)), Ordered: true}
	},
	"answered-under-20-seconds": func(l *callLog) exam.Facts {
		return totals(l.lastWeek().where(answered, shorterThan(20)), "calls")
	},
	"short-calls-in-october": func(l *callLog) exam.Facts {
		return totals(l.october(), "short_calls")
	},
	"lengths-by-agent": func(l *callLog) exam.Facts {
		f := exam.Facts{}
		for _, p := range l.october().by(byAgent) {
			f.Rows = append(f.Rows, rows("agent", []part{p}, "median_seconds", "p95_seconds")...)
		}
		return f
	},
	"talk-of-sales": func(l *callLog) exam.Facts {
		return totals(l.october().where(agent("Sales Outreach")), "talk_seconds", "mean_seconds")
	},

	// Times of day and weekdays.
	"evenings-in-october": func(l *callLog) exam.Facts {
		return totals(l.october().where(inbound, hours(newYork, 18, 23)), "calls")
	},
	"tuesdays-and-thursdays": func(l *callLog) exam.Facts {
		return totals(l.october().where(onAny(newYork, "Tue", "Thu"), hours(newYork, 10, 11)), "calls", "answer_rate")
	},
	"missed-on-weekends": func(l *callLog) exam.Facts {
		return totals(l.october().where(missed, onAny(newYork, "Sat", "Sun")), "calls")
	},
	"weekday-by-hour": func(l *callLog) exam.Facts {
		return exam.Facts{Rows: matrix(l.last30Days(), newYork), Whole: true}
	},
	"weekdays-answered": func(l *callLog) exam.Facts {
		f := exam.Facts{Whole: true, Ordered: true}
		for _, day := range weekdays {
			f.Rows = append(f.Rows,
				rows("weekday", []part{{day, l.october().where(inbound, onAny(newYork, day))}}, "calls",
					"answer_rate")...)
		}
		return f
	},
	"day-by-hour": func(l *callLog) exam.Facts {
		f := exam.Facts{Whole: true}
		for _, d := range []string{"2026-11-02", "2026-11-03", "2026-11-04"} {
			for _, p := range inOrder(l.days(newYork, d, d).by(byHour(newYork))) {
				f.Rows = append(f.Rows, exam.Row{"day": d, "hour": p.value, "calls": p.count()})
			}
		}
		return f
	},

	// Test calls, and several statuses.
	"test-calls-in-october": func(l *callLog) exam.Facts {
		return totals(l.october().where(test), "calls")
	},
	"answer-rate-without-tests": func(l *callLog) exam.Facts {
		return totals(l.days(newYork, "2026-10-29", "2026-11-04").where(genuine), "calls", "answer_rate")
	},
	"busy-or-failed-outbound": func(l *callLog) exam.Facts {
		return table(rows("status", l.october().where(outbound, status("busy", "failed")).by(byStatus), "calls"))
	},
	"failed-this-week": func(l *callLog) exam.Facts {
		failed := l.thisWeek().where(status("failed"))
		return found(len(failed), sids(failed))
	},
	"missed-yesterday": func(l *callLog) exam.Facts {
		return totals(l.yesterday(), "missed")
	},
	"nobody-took-our-calls": func(l *callLog) exam.Facts {
		return totals(l.thisWeek().where(outbound), "unanswered", "unanswered_rate")
	},
	"all-unanswered-outbound": func(l *callLog) exam.Facts { // the one after 50 is on a further page
		all := l.october().where(outbound, unanswered).reversed()
		n := len(all)
		return exam.Facts{Found: &n, Rows: sids(calls{all[0], all[49], all[50], all[99], all[100], all[n-1]})}
	},

	// Zones.
	"mornings-in-berlin": func(l *callLog) exam.Facts {
		return totals(l.days(berlin, "2026-10-26", "2026-11-01").where(hours(berlin, 8, 9)), "calls", "missed")
	},
	"late-evenings-in-utc": func(l *callLog) exam.Facts {
		return totals(l.days(utc, "2026-10-01", "2026-10-31").where(hours(utc, 19, 23)), "calls", "answered")
	},
	"busiest-hours-in-berlin": func(l *callLog) exam.Facts { // over the end of summer time there
		return exam.Facts{Rows: rows("hour", largest(l.days(berlin, "2026-10-01", "2026-10-31").by(byHour(berlin)), 3),
			"calls")}
	},

	// Agents and lines.
	"support-last-week": func(l *callLog) exam.Facts {
		return totals(l.lastWeek().where(inbound, agent("Customer Support")), "calls", "answered", "answer_rate")
	},
	"by-agent-yesterday": func(l *callLog) exam.Facts {
		f := exam.Facts{Whole: true, Rows: rows("agent", l.yesterday().by(byAgent), "calls", "answered", "unanswered")}
		for _, a := range l.agents { // those without calls too
			if l.yesterday().count(agent(l.label(a.ID))) == 0 {
				f.Rows = append(f.Rows,
					exam.Row{"agent": l.label(a.ID), "calls": 0.0, "answered": 0.0, "unanswered": 0.0})
			}
		}
		return f
	},
	"by-line-in-october": func(l *callLog) exam.Facts {
		return table(rows("line", l.october().by(byLine), "calls"))
	},

	// Contacts.
	"history-of-a-number": func(l *callLog) exam.Facts {
		return totals(l.where(contact("+12025550138")), "calls", "answered", "missed")
	},
	"uk-numbers": func(l *callLog) exam.Facts { // our own line begins with +44 as well
		return totals(l.october().where(contact("+44")), "calls", "contacts")
	},
	"top-callers": func(l *callLog) exam.Facts {
		return exam.Facts{Rows: rows("contact", largest(l.last30Days().where(inbound).by(byContact), 2), "calls")}
	},
	"unreturned-in-october": func(l *callLog) exam.Facts {
		never, not := float64(len(l.notCalledBack(l.october()))), float64(len(l.inVain(l.october())))
		return exam.Facts{Totals: map[string]float64{
			"unreturned": never + not, "not_called_back": never, "called_back_no_answer": not,
		}}
	},
	"not-called-back-last-week": func(l *callLog) exam.Facts {
		never := l.notCalledBack(l.lastWeek())
		return found(len(never), sids(never))
	},
	"called-back-not-reached": func(l *callLog) exam.Facts {
		not := l.inVain(l.october())
		return found(len(not), sids(not))
	},
	"how-soon-we-call-back": func(l *callLog) exam.Facts {
		cs := l.october()
		waits := l.waits(cs)
		return exam.Facts{Totals: map[string]float64{
			"called_back": float64(len(waits)), "minutes_to_call_back": rounded(float64(waits[(len(waits)-1)/2])/60, 1),
			"called_back_in_24h": rounded(l.soon(cs, 86400), 4),
		}}
	},
	"people-who-wait": func(l *callLog) exam.Facts {
		open := l.unreturned(l.lastWeek())
		return exam.Facts{Totals: map[string]float64{
			"unreturned": open.count(), "unreturned_contacts": float64(len(open.people())),
		}}
	},
	"business-and-after-hours": func(l *callLog) exam.Facts {
		within := l.october().where(missed, ofBusiness(newYork)).count()
		return exam.Facts{Whole: true, Rows: []exam.Row{
			{"shift": "business", "missed": within},
			{"shift": "after_hours", "missed": l.october().count(missed) - within},
		}}
	},
	"by-country-in-october": func(l *callLog) exam.Facts {
		return exam.Facts{Whole: true, Rows: []exam.Row{
			{"country": "+1", "calls": l.october().count(contact("+1"))},
			{"country": "+44", "calls": l.october().count(contact("+44"))},
		}}
	},
	"missed-on-the-support-line": func(l *callLog) exam.Facts {
		return totals(l.october().where(func(c *call) bool { return byLine(c) == "+12025550142" }), "missed")
	},
	"workday-mornings": func(l *callLog) exam.Facts {
		early := l.october().where(inbound, onAny(newYork, "Mon", "Tue", "Wed", "Thu", "Fri"))
		return totals(early.where(func(c *call) bool {
			minute := (int64(c.at) + newYork(c.at)) % daySeconds / 60
			return minute >= 8*60 && minute < 9*60+30
		}), "calls")
	},
	"two-windows-of-days": func(l *callLog) exam.Facts {
		return compared(l, newYork, "2026-10-19 00:00", "2026-10-26 00:00", "2026-09-21 00:00", "2026-09-28 00:00", all,
			"calls", "answer_rate")
	},
	"this-quarter-by-month": func(l *callLog) exam.Facts {
		october, november := l.october().count(),
			l.between(clockTime(newYork, "2026-11-01 00:00"), clockTime(newYork, "2026-11-06 00:00")).count()
		return table([]exam.Row{{"month": "2026-10", "calls": october}, {"month": "2026-11", "calls": november}})
	},
	"most-at-once": func(l *callLog) exam.Facts { // each beginning of a call is looked at
		most := 0.0
		for _, at := range l.october() {
			most = max(most, l.october().count(func(c *call) bool {
				return c.at <= at.at && at.at < c.at+moment(c.Duration)
			}))
		}
		return exam.Facts{Totals: map[string]float64{"peak_concurrent": most}}
	},
	"worst-hours-for-answering": func(l *callLog) exam.Facts {
		enough := l.october().where(inbound).by(byHour(newYork))
		enough = slices.DeleteFunc(enough, func(p part) bool { return p.count() < 20 })
		slices.SortFunc(enough, func(x, y part) int { return cmp.Compare(x.rate(answered), y.rate(answered)) })
		return exam.Facts{Rows: rows("hour", enough[:3], "answer_rate"), Ordered: true}
	},
	"callers-of-six-times": func(l *callLog) exam.Facts {
		often := l.october().where(inbound).by(byContact)
		return exam.Facts{Rows: rows("contact", slices.DeleteFunc(often, func(p part) bool {
			return p.count() < 6
		}), "calls")}
	},
	"callers-more-than-once": func(l *callLog) exam.Facts {
		f := found(len(l.yesterday().repeat()), sids(l.yesterday().repeat()))
		return f
	},

	// Comparisons. At 13:00 on Thursday the windows of this week and today are not over.
	"this-week-against-last": func(l *callLog) exam.Facts {
		return compared(l, newYork, "2026-11-02 00:00", "2026-11-05 13:00", "2026-10-26 00:00", "2026-10-29 13:00", all,
			"calls", "answer_rate")
	},
	"today-against-a-week-ago": func(l *callLog) exam.Facts {
		return compared(l, newYork, "2026-11-05 00:00", "2026-11-05 13:00", "2026-10-29 00:00", "2026-10-29 13:00",
			inbound, "calls", "answer_rate")
	},
	"october-against-september": func(l *callLog) exam.Facts {
		return compared(l, newYork, "2026-10-01 00:00", "2026-11-01 00:00", "2026-09-01 00:00", "2026-10-01 00:00", all,
			"calls", "answer_rate")
	},
	"this-month-against-last": func(l *callLog) exam.Facts {
		return compared(l, newYork, "2026-11-01 00:00", "2026-11-05 13:00", "2026-10-01 00:00", "2026-10-05 13:00", all,
			"calls", "missed")
	},
	"october-against-last-year": func(l *callLog) exam.Facts { // the log is shorter
		return compared(l, newYork, "2026-10-01 00:00", "2026-11-01 00:00", "2025-10-01 00:00", "2025-11-01 00:00", all,
			"calls")
	},

	// What a call log does not tell.
	"what-was-said":    func(*callLog) exam.Facts { return exam.Facts{Unknowable: "transcript"} },
	"what-it-cost":     func(*callLog) exam.Facts { return exam.Facts{Unknowable: "bill"} },
	"how-long-waiting": func(*callLog) exam.Facts { return exam.Facts{Unknowable: "waiting time"} },
}
