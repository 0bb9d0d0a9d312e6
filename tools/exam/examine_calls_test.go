package exam_test

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// found examines an answer of find_calls: how many calls fit, and each row.
func (e *examiner) find() {
	all := e.log.in(e.part()).where(e.a.fits(e.log, e.z)...)
	switch u := e.universe(); e.a.Only {
	case "not_called_back":
		all = u.notCalledBack(all)
	case "called_back_no_answer":
		all = u.inVain(all)
	case "unreturned":
		all = all.where(func(c *call) bool { return len(u.notCalledBack(calls{c}))+len(u.inVain(calls{c})) > 0 })
	case "repeat_contacts":
		all = all.repeat()
	}
	if e.h.foundExact && e.h.found != len(all) || e.h.found > len(all) {
		e.errorf("%d calls found, want %d", e.h.found, len(all))
	}
	switch e.a.Sort {
	case "oldest":
		all = all.reversed()
	case "longest":
		all = slices.Clone(all)
		slices.SortStableFunc(all, func(x, y *call) int { return y.Duration - x.Duration })
	case "shortest":
		all = slices.Clone(all)
		slices.SortStableFunc(all, func(x, y *call) int { return x.Duration - y.Duration })
	}
	if e.h.last-e.h.first+1 != len(e.h.rows) && len(e.h.rows) > 0 || e.h.last > len(all) {
		e.errorf("rows %d to %d of %d are %d", e.h.first, e.h.last, len(all), len(e.h.rows))
		return
	}
	for i, row := range e.h.rows {
		e.callRow(row, all[e.h.first-1+i])
	}
}

// page examines an answer of list_calls: how many calls match, each row, and their tally.
// Days are those of UTC.
func (e *examiner) page() {
	w := e.a.window(0).span(utc)
	all := e.log.in(w).where(e.a.fits(e.log, utc)...)
	if e.h.found != len(all) {
		e.errorf("%d calls match, want %d", e.h.found, len(all))
	}
	if e.h.last > len(all) || len(e.h.rows) > 0 && e.h.last-e.h.first+1 != len(e.h.rows) {
		e.errorf("rows %d to %d of %d are %d", e.h.first, e.h.last, len(all), len(e.h.rows))
		return
	}
	var shown calls
	for i, row := range e.h.rows {
		e.callRow(row, all[e.h.first-1+i])
		shown = append(shown, all[e.h.first-1+i])
	}
	want := map[string]float64{
		"answered": shown.count(answered), "talk_seconds": shown.talk(), "test_calls": shown.count(test),
	}
	if n := shown.count(open); n > 0 {
		want["open"] = n
	}
	if want["answered"] > 0 {
		want["mean_seconds"] = shown.mean()
	}
	for _, c := range shown {
		want["="+c.Status]++
		want["="+c.Direction]++
	}
	if len(shown) > 0 && !maps.Equal(e.h.totals, want) {
		e.errorf("the tally is %v, want %v", e.h.totals, want)
	}
}

// one examines an answer of get_call: every field of the call, or a row for each call that
// it may be.
func (e *examiner) one() {
	if len(e.h.rows) == 0 || e.h.columns[0] == "time" {
		for _, row := range e.h.rows {
			sid := fmt.Sprint(row[slices.Index(e.h.columns, "sid")])
			i := slices.IndexFunc(e.log.calls, func(c *call) bool {
				return c.SID == sid && strings.Contains(strings.ToLower(sid), strings.ToLower(e.a.SID))
			})
			if i < 0 {
				e.errorf("there is no call %s", sid)
				continue
			}
			e.callRow(row, e.log.calls[i])
		}
		return
	}
	want := raw(e.t, accounts["demo"](), "/calls?search="+e.a.SID)
	have := map[string]any{}
	for _, row := range e.h.rows {
		have[row[0].(string)] = row[1]
	}
	for _, field := range fields("", want[0]) {
		name, value := field[0].(string), field[1].(string)
		if strings.HasSuffix(name, "_at") {
			m := stamp(value)
			_, s := m.in(e.z)
			value = fmt.Sprintf("%s:%02d", m.clock(e.z), s%60)
		}
		if have[name] != value {
			e.errorf("%s: %v, want %s", name, have[name], value)
		}
	}
	if len(want) != 1 || len(have) != len(fields("", want[0])) {
		e.errorf("%d fields of %d calls: %v", len(have), len(want), have)
	}
}

// listed examines an answer of list_agents or list_campaigns: the names and figures of what
// the API lists.
func (e *examiner) listed() {
	path := map[string]string{"list_agents": "/agents", "list_campaigns": "/campaigns"}[e.a.tool]
	if s := list(e.a.Status); len(s) > 0 {
		path += "?status=" + s[0]
	}
	want := raw(e.t, accounts["demo"](), path)
	if len(want) != e.h.found || len(want) != len(e.h.rows) {
		e.errorf("%d of %d, want %d", len(e.h.rows), e.h.found, len(want))
		return
	}
	for i, row := range e.h.rows {
		from := map[string]any{}
		for _, field := range fields("", want[i]) {
			from[field[0].(string)] = field[1]
		}
		if e.a.tool == "list_agents" {
			from["agent_id"], from["agent"], from["status"] = from["id"], from["label"], from["current_status"]
		} else {
			for column, field := range map[string]string{
				"campaign": "name", "type": "campaign_type", "start": "start_date", "calls": "stats.total_calls",
				"completed": "stats.completed_calls", "failed": "stats.failed_calls",
				"success_rate": "stats.success_rate", "agent": "agent.label",
			} {
				from[column] = from[field]
			}
		}
		for k, name := range e.h.columns {
			if want, ok := from[name]; ok && fmt.Sprint(row[k]) != want {
				e.errorf("%s of %v: %v, want %v", name, row[0], row[k], want)
			}
		}
	}
}

// rented examines an answer of list_numbers: each number once, with what the API says of it, and the
// calls of the period that it made or took, fewest first.
func (e *examiner) rented() {
	if e.a.Period == "" {
		e.a.Period = "last_30_days"
	}
	all, used := e.log.in(e.a.window(e.now.day(e.z)).span(e.z)), -1.0
	want := map[string]map[string]any{}
	for _, n := range raw(e.t, accounts["demo"](), "/phone-numbers") {
		want[n["number"].(string)] = n
	}
	for _, row := range e.h.rows {
		cells := map[string]any{}
		for i, name := range e.h.columns {
			cells[name] = row[i]
		}
		number := fmt.Sprint(cells["number"])
		n := want[number]
		if n == nil {
			e.errorf("%s is not rented, or stands twice", number)
			continue
		}
		delete(want, number)
		calls := float64(len(all.where(func(c *call) bool {
			return c.Direction == "inbound" && c.To == number || c.Direction == "outbound" && c.From == number
		})))
		if cells["calls"] != calls || calls < used {
			e.errorf("%s has %v calls, want %v, which are not fewer than %v", number, cells["calls"], calls, used)
		}
		used = calls
		for column, field := range map[string]string{
			"monthly_cost": "monthly_renewal_cost", "currency": "currency", "country": "country_code",
			"status": "current_status", "renewal": "renewal_date",
		} {
			if fmt.Sprint(cells[column]) != fmt.Sprint(n[field]) {
				e.errorf("%s of %s: %v, want %v", column, number, cells[column], n[field])
			}
		}
	}
	if len(want) > 0 {
		e.errorf("%d numbers are missing", len(want))
	}
}

// callRow examines the cells of a call. Of calls of one length or second any may come first.
func (e *examiner) callRow(row []any, want *call) {
	cells := map[string]any{}
	for i, name := range e.h.columns {
		cells[name] = row[i]
	}
	i := slices.IndexFunc(e.log.calls, func(c *call) bool { return c.SID == cells["sid"] })
	if i < 0 {
		e.errorf("there is no call %v", cells["sid"])
		return
	}
	c := e.log.calls[i]
	if longest := e.a.Sort == "longest" || e.a.Sort == "shortest"; longest && c.Duration != want.Duration || !longest &&
		c.at != want.at {
		e.errorf("%s is in the place of %s", c.SID, want.SID)
	}
	agent := c.label
	for name, want := range map[string]any{
		"time": c.at.clock(e.z), "direction": c.Direction, "from": c.From, "to": c.To, "status": c.Status,
		"seconds": float64(c.Duration), "agent": agent, "test": c.Test,
	} {
		if have, ok := cells[name]; ok && have != want {
			e.errorf("%s of %s: %v, want %v", name, c.SID, have, want)
		}
	}
}
