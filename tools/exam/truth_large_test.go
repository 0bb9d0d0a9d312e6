package exam_test

import "github.com/talkover/talkover-mcp/tools/exam"

// largeTruths has the truth of each question about the large account.
var largeTruths = map[string]truth{
	"large-october-by-status": func(l *callLog) exam.Facts {
		october := l.days(utc, "2026-10-01", "2026-10-31")
		f := exam.Facts{Totals: october.figures("calls")}
		for _, p := range october.by(byStatus) {
			if p.value == "voicemail" { // which Talkover does not count, so that it may be other
				continue
			}
			f.Rows = append(f.Rows, rows("status", []part{p}, "calls")...)
		}
		return f
	},
	"large-october-by-agent": func(l *callLog) exam.Facts {
		f := exam.Facts{Whole: true}
		for _, p := range l.days(utc, "2026-10-01", "2026-10-31").by(byAgent) {
			f.Rows = append(f.Rows, rows("agent", []part{p}, "calls", "answer_rate")...)
		}
		return f
	},
	"large-october": func(l *callLog) exam.Facts {
		return totals(l.october(), "calls", "answer_rate", "missed")
	},
	"large-busiest-hours": func(l *callLog) exam.Facts {
		return exam.Facts{Rows: rows("hour", largest(l.last30Days().by(byHour(newYork)), 3), "calls"), Ordered: true}
	},
	"large-weekday-by-hour": func(l *callLog) exam.Facts {
		return exam.Facts{Rows: matrix(l.last30Days(), newYork), Whole: true}
	},
	"large-lengths-by-agent": func(l *callLog) exam.Facts {
		f := exam.Facts{}
		for _, p := range l.lastWeek().by(byAgent) {
			f.Rows = append(f.Rows, rows("agent", []part{p}, "median_seconds", "p95_seconds")...)
		}
		return f
	},
	"large-top-callers": func(l *callLog) exam.Facts {
		return exam.Facts{Rows: rows("contact", largest(l.last30Days().where(inbound, genuine, known).by(byContact), 1),
			"calls")}
	},
	"large-never-called-back": func(l *callLog) exam.Facts {
		f := exam.Facts{}
		never, not := float64(len(l.notCalledBack(l.lastWeek()))), float64(len(l.inVain(l.lastWeek())))
		return with(f,
			map[string]float64{"unreturned": never + not, "not_called_back": never, "called_back_no_answer": not})
	},
	"large-longest": func(l *callLog) exam.Facts {
		return exam.Facts{Rows: sids(l.october().longest(3)), Ordered: true}
	},
	"large-over-twenty-minutes": func(l *callLog) exam.Facts {
		return totals(l.last30Days().where(longerThan(1200)), "calls")
	},
	"large-missed-in-the-evening": func(l *callLog) exam.Facts {
		return totals(l.october().where(missed, hours(newYork, 18, 23)), "calls")
	},
	"large-against-the-week-before": func(l *callLog) exam.Facts {
		f := compared(l, newYork, "2026-10-26 00:00", "2026-11-02 00:00", "2026-10-19 00:00", "2026-10-26 00:00", all,
			"calls", "answer_rate")
		for d := on("2026-10-26"); d <= on("2026-11-01"); d++ {
			is, was := l.days(newYork, d.String(), d.String()), l.days(newYork, (d-7).String(), (d-7).String())
			f.Rows = append(f.Rows,
				exam.Row{
					"day": d.String(), "day_before": (d - 7).String(), "calls": is.count(), "calls_before": was.count(),
				})
		}
		f.Whole, f.Ordered = true, true
		return f
	},
	"large-yesterday-by-agent": func(l *callLog) exam.Facts {
		return exam.Facts{Whole: true, Rows: rows("agent", l.yesterday().by(byAgent), "calls", "answered")}
	},
	"large-spanish-support": func(l *callLog) exam.Facts {
		return totals(l.october().where(agentName("support_es")), "calls", "mean_seconds")
	},
	"large-by-weekday-in-berlin": func(l *callLog) exam.Facts {
		f := exam.Facts{Whole: true, Ordered: true}
		for _, day := range weekdays {
			cs := l.days(berlin, "2026-10-06", "2026-11-04").where(onAny(berlin, day))
			f.Rows = append(f.Rows, rows("weekday", []part{{day, cs}}, "calls", "unanswered_rate")...)
		}
		return f
	},
}
