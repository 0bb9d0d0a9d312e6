package stats_test

import (
	"math/rand/v2"
	"slices"
	"strconv"
	"time"

	"github.com/talkover/talkover-mcp/talkover"
)

// now is the moment at which the tests ask; a Thursday.
var now = time.Date(2026, 11, 5, 18, 0, 0, 0, time.UTC)

// record is a call of a fake log, small enough for a million of them.
type record struct {
	At        int64 // unix seconds
	Updated   int64 // likewise; 0 for the end of the call
	ID        uint32
	Seconds   uint16
	Contact   uint16
	Status    uint8 // index of allStatuses
	Direction uint8 // 0 inbound, 1 outbound
	Agent     uint8 // 0 for a deleted one
	Test      bool
}

// allStatuses are the documented seven and one that the API has added.
var allStatuses = append(slices.Clone(talkover.Statuses), "voicemail")

// The indices of allStatuses.
const (
	initiated = iota
	ringing
	answered
	completed
	failed
	busy
	noAnswer
	voicemail
)

var numbers = func() (all [2048]string) {
	for i := range all {
		all[i] = "+1202" + strconv.Itoa(5550000+i)
	}
	return all
}()

// agentOf returns the agent of a record; none for 0.
func agentOf(i uint8) talkover.Agent {
	if i == 0 {
		return talkover.Agent{}
	}
	n := strconv.Itoa(int(i))
	return talkover.Agent{ID: "agent-" + n, Name: "a" + n, Label: "Agent " + n}
}

// Call returns the record as a client reads it.
func (r *record) Call() talkover.Call {
	c := talkover.Call{
		ID: strconv.Itoa(int(r.ID)), Status: allStatuses[r.Status], Duration: int(r.Seconds), IsTesting: r.Test,
		Direction: "inbound", From: numbers[r.Contact], To: "+1212555010" + strconv.Itoa(int(r.Agent%3)),
		Agent: agentOf(r.Agent), CreatedAt: time.Unix(r.At, 0).UTC(),
		UpdatedAt: time.Unix(max(r.At+int64(r.Seconds), r.Updated), 0).UTC(),
	}
	if r.Direction == 1 {
		c.Direction, c.From, c.To = "outbound", c.To, c.From
	}
	return c
}

// Calls returns records as a client reads them.
func callsOf(records []record) []talkover.Call {
	all := make([]talkover.Call, len(records))
	for i := range records {
		all[i] = records[i].Call()
	}
	return all
}

// generate invents the n calls before now, newest first: with busy hours and
// quiet nights and weekends, more and longer calls as time goes on, hours in
// which a campaign rings many who do not answer, and some calls in progress.
func generate(seed uint64, n int, over time.Duration) []record { return invent(seed, n, over, 40) }

// invent is [generate] with a campaign about every so many hours; 0 for none.
func invent(seed uint64, n int, over time.Duration, campaigns int) []record {
	r := rand.New(rand.NewPCG(seed, 7))
	hours := int(over / time.Hour)
	weights, campaign, sum := make([]float64, hours), make([]bool, hours), 0.0
	for i := range weights {
		at := now.Add(-time.Duration(i+1) * time.Hour)
		w := []float64{1, 1, 1, 1, 1, 2, 4, 12, 30, 40, 44, 38, 25, 30, 42, 44, 36, 27, 15, 8, 5, 3, 2, 1}[at.Hour()]
		if d := at.Weekday(); d == time.Saturday || d == time.Sunday {
			w /= 4
		}
		w *= (1.5 - float64(i)/float64(hours)) * (0.5 + r.Float64())
		if campaign[i] = campaigns > 0 && (r.IntN(campaigns) == 0 || i > 0 && campaign[i-1] && r.IntN(2) == 0); campaign[i] {
			w *= 8
		}
		weights[i], sum = w, sum+w
	}
	records := make([]record, 0, n)
	var hour [3600]uint16
	due := 0.0
	for i, w := range weights {
		due += w / sum * float64(n)
		k := int(due+0.5) - len(records)
		if i == hours-1 {
			k = n - len(records)
		}
		for range k {
			hour[r.IntN(3600)]++
		}
		from := now.Add(-time.Duration(i+1) * time.Hour)
		age := float64(i) / float64(hours)
		for s := 3599; s >= 0; s-- {
			for ; hour[s] > 0; hour[s]-- {
				c := record{At: from.Unix() + int64(s), ID: uint32(n - len(records)), Test: r.IntN(30) == 0}
				c.Contact = uint16(r.IntN(300))
				if r.IntN(4) == 0 {
					c.Contact = uint16(r.IntN(20))
				}
				c.Agent = uint8(r.IntN(6)) + 1
				if age > 0.3 && r.IntN(8) == 0 {
					c.Agent = 0
				}
				c.Direction = uint8(r.IntN(2))
				answers := 75 - int(20*age) - from.Hour()%7
				if campaign[i] && r.IntN(5) > 0 {
					c.Agent, c.Direction, answers = 6, 1, 25
				}
				switch {
				case r.IntN(100) < answers:
					c.Status = completed
					if r.IntN(12) == 0 {
						c.Status = answered
					}
					mean := 40 + 30*float64(c.Agent) - 40*age
					c.Seconds = uint16(1 + min(r.ExpFloat64()*mean, 7200))
				case r.IntN(3) > 0:
					c.Status = noAnswer
				default:
					c.Status = []uint8{busy, failed, failed}[r.IntN(3)]
				}
				if ago := now.Unix() - c.At; ago < 60 || int64(c.Seconds) >= ago {
					c.Status, c.Seconds = []uint8{initiated, ringing, answered}[min(ago/30, 2)], 0
				}
				records = append(records, c)
			}
		}
	}
	return records
}
