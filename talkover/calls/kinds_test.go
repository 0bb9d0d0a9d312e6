package calls_test

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"
	_ "time/tzdata" // zones, where the system has none
)

// lists says how the API lists calls. The zero value lists as the vendor's page says: dates of
// UTC, both included, newest first, every filter heard.
type lists struct {
	zone        *time.Location
	midnight    bool   // date_to means its first moment, as Laravel's whereBetween has it
	ignored     string // a filter of no effect: status, direction or agent_id
	deaf        bool   // agent_id lists no call at all
	underscores bool   // no_answer stands beside no-answer, and a filter hears the spelling alone
	spellings   bool   // numbers stand in several spellings, and search hears characters alone
	most        int    // totals are told up to here; 0 for no end
	size        int    // the most rows of a page; 100 if 0
	oldestFirst bool
	lag         int64 // some answers show the log as it was up to so many seconds ago
	stale       int64 // some totals are up to so many seconds older than the rows
	slow        time.Duration
	limit       int // requests that a window of a minute lets through; 0 for no limit
	others      int // requests a minute of others who use the token
}

// zones are those where days begin: far west and far east, with clocks that change in either half of
// the year, at midnight, or by half an hour.
var zones = []string{
	"UTC", "UTC", "America/New_York", "Europe/London", "America/Sao_Paulo", "Pacific/Auckland", "Pacific/Kiritimati",
	"Asia/Kolkata", "Australia/Lord_Howe", "Etc/GMT+12", "America/St_Johns",
}

// moments are when histories begin: around the days on which clocks change, and at the turn of a year.
var moments = []time.Time{
	autumn,
	time.Date(2026, 3, 30, 2, 0, 0, 0, time.UTC),   // London, the day after
	time.Date(2026, 10, 6, 12, 30, 0, 0, time.UTC), // Lord Howe, Auckland
	time.Date(2018, 11, 5, 4, 0, 0, 0, time.UTC),   // Sao Paulo, at midnight
	time.Date(2027, 1, 2, 23, 59, 0, 0, time.UTC),
}

// zone loads a time zone.
func zone(t testing.TB, name string) *time.Location {
	t.Helper()
	z, err := time.LoadLocation(name)
	if err != nil {
		t.Fatal(err)
	}
	return z
}

// anyWorld makes an account of any kind from a seed: some 1,000 calls in up to two months.
func anyWorld(t testing.TB, seed uint64) *world {
	t.Helper()
	r := rand.New(rand.NewPCG(seed, 29))
	w := newWorld(seed, moments[r.IntN(len(moments))])
	one := func(in int) bool { return r.IntN(in) == 0 }
	w.zone, w.midnight, w.underscores, w.spellings = zone(t, zones[r.IntN(len(zones))]), one(3), one(4), one(5)
	if one(4) {
		w.ignored = []string{"status", "direction", "agent_id"}[r.IntN(3)]
	}
	if one(6) {
		w.most = 1000
	}
	if one(4) {
		w.size = 10 + r.IntN(60)
	}
	w.oldestFirst = one(10)
	if one(4) {
		w.lag = 1 + r.Int64N(8)
	}
	if one(4) {
		w.stale = 1 + r.Int64N(3)
	}
	w.slow = time.Duration(20+r.IntN(600)) * time.Millisecond
	if one(2) {
		w.limit, w.others = 100, r.IntN(50)
	}
	w.arrive, w.leave, w.correct = 0.1*r.Float64()*r.Float64(), 0.02*r.Float64()*r.Float64(), 0.02*r.Float64()
	if one(4) {
		w.leave = 0.2 * r.Float64() // many go
	}
	ties := 1
	if one(5) {
		ties = 100 + r.IntN(200)
	}
	w.deaf = one(10)
	w.fill(100+r.IntN(1900), time.Duration(5+r.IntN(55))*24*time.Hour, ties)
	return w
}

// String names what is unusual about an account, for the message of a failure.
func (w *world) String() string {
	l := w.lists
	return fmt.Sprintf("%s from %s: midnight %t, ignored %q, underscores %t, spellings %t, totals to %d, pages of %d, "+
		"oldest first %t, deaf %t, lag %d, stale %d, slow %s, limit %d, others %d, %+v",
		l.zone, w.begin.Format(time.DateTime),
		l.midnight, l.ignored, l.underscores, l.spellings, l.most, l.size, l.oldestFirst, l.deaf, l.lag, l.stale, l.slow,
		l.limit, l.others, w.rates)
}
