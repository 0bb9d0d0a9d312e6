package scan

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/talkover/talkover-mcp/talkover"
	"github.com/talkover/talkover-mcp/talkover/cache"
)

// Action names what a step of a plan does.
type Action string

// The actions.
const (
	LookAtList Action = "look at the list" // its first page: how long it is
	LookAtLive Action = "look at the live days"
	FindOldest Action = "find the oldest call"
	SizeDays   Action = "size days"     // one count
	ProveDays  Action = "prove days"    // one count of kept days
	RenewDays  Action = "renew days"    // counts by status and agent of kept days
	ReadDays   Action = "read days"     // unfiltered, to keep them
	ReadLive   Action = "read live"     // likewise, for a minute
	ReadList   Action = "read the list" // with the API's filters
	CountDays  Action = "count days"    // counts of each group
)

// proofs tell what each action proves.
var proofs = map[Action]string{
	LookAtList: "how many calls the list has",
	LookAtLive: "how many calls the live days have",
	FindOldest: "where the log begins",
	SizeDays:   "how many calls the days have that are not kept",
	ProveDays:  "no call was lost from these days since they were read",
	RenewDays:  "no call of these days changed its status or agent since they were read",
	ReadDays:   "every total is the first, and all calls are as many; or one last count is",
	ReadLive:   "no total fell, and a last look finds as many new calls as the total grew",
	ReadList:   "every page fits the filters, and totals agree as for the days it covers",
	CountDays:  "totals before and after are equal, and groups add up to no more",
}

// Step is one stage of a plan.
type Step struct {
	Do       Action
	From, To cache.Date // UTC days, where it is about days
	Query    talkover.CallQuery
	Requests int // expected
}

// Proves tells what the step proves.
func (s Step) Proves() string { return proofs[s.Do] }

// String writes the step as one line.
func (s Step) String() string {
	what := string(s.Do)
	if s.From != 0 || s.To != 0 {
		what += fmt.Sprintf(" %s to %s", s.From, s.To)
	}
	return fmt.Sprintf("%s: %s; proves that %s", what, talkover.Plural(s.Requests, "request", "requests"), s.Proves())
}

// Plan lists the requests that answer a question, in order, as far as they are
// known: after a step that learns something, the plan is made again.
type Plan []Step

// String writes a step a line.
func (p Plan) String() string {
	var b strings.Builder
	for i, s := range p {
		fmt.Fprintf(&b, "%d. %s\n", i+1, s)
	}
	return b.String()
}

// Requests adds up what the steps are expected to take.
func (p Plan) Requests() int {
	n := 0
	for _, s := range p {
		n += s.Requests
	}
	return n
}

// Unknown is a size that is not known yet.
const Unknown = -1

// DayState tells how a closed day stands.
type DayState struct {
	Calls  int
	Proven bool // within the last minute
	Stale  bool // its fields must be confirmed
	Failed bool // it could not be proven lately
}

// State is what is known when a plan is made.
type State struct {
	Filtered, Searched bool
	Unbounded          bool       // From is not known yet
	From, To           cache.Date // the UTC days that hold the window
	Closed             cache.Date // the last day that is closed
	Keeps              bool       // days that are read may be kept
	Share              int        // the most calls that may be kept
	Days               map[cache.Date]DayState
	Begun              cache.Date // the closed day that was read to a part
	BegunCalls         int        // which has so many calls; 0 for no such day
	Missing            int        // calls of the closed days that are not kept; Unknown
	LiveHeld           bool       // the live days were read within the last minute, or cannot be
	Live               int        // calls of the live days; Unknown
	List               int        // calls of the list with the API's filters; Unknown
	ListRead           bool       // it was read, as far as it could
	Paid               int        // pages that were paid for filtered lists of this window
	Left               int        // requests that the limiter lets through in time
	Counts             int        // requests that count each group; 0 where they cannot be counted
	Counted            bool
	OldestFirst        bool
	PageSize           int
	Stretch            int  // the most days that are read together
	StopsEarly         bool // the first few calls of a list may be all that is wanted
}

const (
	// longestStretch bounds the days that are read and proven together.
	longestStretch = 31
	// sparseStretch bounds the days that are proven together, and of a log with few
	// calls also those that are read together.
	sparseStretch = 366
	// fewCalls is how many calls a stretch may have and be longer than longestStretch.
	fewCalls = 2000
)

// stretches cuts the days of the window that are as wanted into stretches of so many
// days at most, the newest first.
func (s State) stretches(longest int, wanted func(DayState, bool) bool) []Step {
	var all []Step
	for d := min(s.To, s.Closed); d >= s.From; d-- {
		if k, ok := s.Days[d]; !wanted(k, ok) {
			continue
		}
		if n := len(all); n > 0 && all[n-1].From == d+1 && int(all[n-1].To-d) < longest {
			all[n-1].From = d
			continue
		}
		all = append(all, Step{From: d, To: d})
	}
	return all
}

func (s State) pages(calls int) int { return max((calls+s.PageSize-1)/s.PageSize, 1) }

// Plan makes the plan of the fewest requests: kept days and the live ones, reading
// what is missing; or the list with the API's filters, as long as it is cheaper; or,
// where neither can be paid for, counts; or as much of the first as can.
func (s State) Plan() Plan {
	s.PageSize = cmp.Or(s.PageSize, talkover.MaxPerPage)
	switch {
	case s.ListRead, s.Counted:
		return nil
	case s.Unbounded && s.List == Unknown, s.Searched && s.List == Unknown:
		return Plan{{Do: LookAtList, Requests: 1}}
	case s.Searched, !s.Keeps && s.List != Unknown:
		return s.list()
	case !s.Keeps:
		return Plan{{Do: LookAtList, Requests: 1}}
	case s.List != Unknown && s.List <= s.PageSize:
		return s.list()
	case s.Unbounded:
		return Plan{{Do: FindOldest, Requests: 1}}
	}
	days := s.days()
	if len(days) == 0 || !s.Filtered {
		return days
	}
	last := days[len(days)-1].Do
	sized := last != SizeDays && last != LookAtLive // else more will be needed than is known
	switch {
	case sized && days.Requests() <= 1:
		return days
	case s.List == Unknown:
		return Plan{{Do: LookAtList, Requests: 1}}
	case s.StopsEarly, !sized && s.Paid == 0 && len(s.Days) == 0, sized && s.Paid+s.listCost() < days.Requests():
		return s.list()
	}
	return days
}

// failed returns the newest day of the window that could not be proven; 0 for none.
func (s State) failed() cache.Date {
	for d := min(s.To, s.Closed); d >= s.From; d-- {
		if s.Days[d].Failed {
			return d
		}
	}
	return 0
}

// missing returns the stretches to be read. Longer ones save requests where they have
// few calls, and lose more where a call goes meanwhile.
func (s State) missing() []Step {
	absent := func(_ DayState, ok bool) bool { return !ok }
	longest := cmp.Or(s.Stretch, longestStretch)
	if days := s.stretches(sparseStretch, absent); s.Missing > 0 && longest == longestStretch {
		n := 0
		for _, d := range days {
			n += int(d.To-d.From) + 1
		}
		longest = min(max(longest, n*fewCalls/s.Missing), sparseStretch)
	} else if s.Missing == 0 {
		longest = sparseStretch
	}
	steps := s.stretches(longest, absent)
	for i, step := range steps { // a day that was begun is read on alone
		if d := s.Begun; s.BegunCalls > 0 && step.From <= d && d <= step.To {
			parts := []Step{{From: d + 1, To: step.To}, {From: d, To: d}, {From: step.From, To: d - 1}}
			parts = slices.DeleteFunc(parts, func(p Step) bool { return p.From > p.To })
			return slices.Replace(steps, i, i+1, parts...)
		}
	}
	return steps
}

func (s State) listCost() int { return s.pages(s.List) + 1 }

// list is the plan that reads the list with the API's filters; or counts it.
func (s State) list() Plan {
	if s.Counts > 0 && s.listCost() > s.Left && s.Counts <= s.Left {
		return Plan{{Do: CountDays, From: s.From, To: min(s.To, s.Closed), Requests: s.Counts}}
	}
	return Plan{{Do: ReadList, Requests: s.listCost() - 1}}
}

// days is the plan over kept days and live ones.
func (s State) days() Plan {
	var plan Plan
	for _, step := range s.stretches(longestStretch, func(k DayState, ok bool) bool { return ok && !k.Failed && k.Stale }) {
		step.Do, step.Requests = RenewDays, 12
		plan = append(plan, step)
	}
	for _, step := range s.stretches(sparseStretch, func(k DayState, ok bool) bool { return ok && !k.Failed && !k.Proven && !k.Stale }) {
		step.Do, step.Requests = ProveDays, 1
		plan = append(plan, step)
	}
	proofs := plan.Requests()
	missing := s.missing()
	reading := 0
	if len(missing) > 0 {
		if s.Missing == Unknown {
			return append(plan, Step{Do: SizeDays, From: missing[len(missing)-1].From, To: missing[0].To, Requests: 1})
		}
		reading = s.pages(s.Missing) + len(missing)
		if slices.ContainsFunc(missing, func(m Step) bool { return m.From == s.Begun }) {
			reading -= s.BegunCalls / s.PageSize
		}
	}
	live := 0
	if s.To > s.Closed && !s.LiveHeld {
		if s.Live == Unknown {
			return append(plan, Step{Do: LookAtLive, From: max(s.From, s.Closed+1), To: s.To, Requests: 1})
		}
		live = s.pages(s.Live)
	}
	if s.Counts > 0 && s.Counts <= s.Left && proofs+reading+live > s.Left {
		return Plan{{Do: CountDays, From: s.From, To: min(s.To, s.Closed), Requests: s.Counts}}
	}
	days := 0
	for _, m := range missing {
		days += int(m.To - m.From + 1)
	}
	for i, step := range missing {
		missing[i].Do = ReadDays
		missing[i].Requests = s.pages(s.Missing*int(step.To-step.From+1)/days) + 1
	}
	// Live days are read in vain where they leave nothing for days that can be kept, or
	// are too large to be read whole: a part of them would stand for all other days.
	alone := s.From > s.Closed
	if live > 0 && (alone || proofs+reading+live <= s.Left || len(missing) > 0 && live+proofs <= s.Left/2) {
		missing = slices.Insert(missing, 0, Step{Do: ReadLive, From: max(s.From, s.Closed+1), To: s.To, Requests: live})
	}
	if s.OldestFirst {
		slices.Reverse(missing)
	}
	return append(plan, missing...)
}
