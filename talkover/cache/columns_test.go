package cache_test

import (
	"encoding/hex"
	"fmt"
	"math/rand/v2"
	"runtime"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/talkover/talkover-mcp/talkover"
	"github.com/talkover/talkover-mcp/talkover/cache"
)

// uuid is a random id as the API has them.
func uuid(r *rand.Rand) string {
	var b [16]byte
	for i := range b {
		b[i] = byte(r.Uint32())
	}
	h := hex.EncodeToString(b[:])
	return h[:8] + "-" + h[8:12] + "-" + h[12:16] + "-" + h[16:20] + "-" + h[20:]
}

// anyCall is a call like those of a real log: with a UUID, a SID of 34 characters, and
// one of so many contacts.
func anyCall(r *rand.Rand, at time.Time, contacts int) talkover.Call {
	n := r.IntN(contacts)
	contact := fmt.Sprintf("+1%03d%07d", 200+n%700, n)
	c := talkover.Call{
		ID: uuid(r), SID: fmt.Sprintf("CA%016x%016x", r.Uint64(), r.Uint64()), Direction: "inbound",
		From: contact, FromFormatted: fmt.Sprintf("(%s) %s-%s", contact[2:5], contact[5:8], contact[8:]),
		To: "+12125550100", ToFormatted: "(212) 555-0100", Status: []string{"completed", "no-answer", "busy", "answered", "failed"}[r.IntN(5)],
		Agent:     talkover.Agent{ID: fmt.Sprintf("agent-%d", r.IntN(8)), Name: "name", Label: "Label"},
		CreatedAt: at, IsTesting: r.IntN(30) == 0,
	}
	if c.Status == "completed" {
		c.Duration = r.IntN(1000)
	}
	c.UpdatedAt = at.Add(time.Duration(c.Duration)*time.Second + 3*time.Microsecond)
	if r.IntN(2) == 0 {
		c.Direction, c.From, c.To = "outbound", c.To, c.From
		c.FromFormatted, c.ToFormatted = c.ToFormatted, c.FromFormatted
	}
	return c
}

var noon = time.Date(2026, 11, 3, 12, 0, 0, 0, time.UTC)

// odd calls have what real logs have now and then.
func oddCalls() []talkover.Call {
	plain := anyCall(rand.New(rand.NewPCG(1, 1)), noon, 10)
	var all []talkover.Call
	for _, change := range []func(*talkover.Call){
		func(*talkover.Call) {},
		func(c *talkover.Call) { c.ID, c.SID = "1", "short" },
		func(c *talkover.Call) { c.ID = c.ID[:35] + "G" },
		func(c *talkover.Call) { c.ID, c.SID, c.From, c.To = "", "", "", "" },
		func(c *talkover.Call) { c.From, c.To = "anonymous", "restricted" },
		func(c *talkover.Call) { c.From, c.To = "sip:bob@example.com", "0012025550123" },
		func(c *talkover.Call) { c.From, c.To = "+", "0" },
		func(c *talkover.Call) { c.From, c.To = "+00", "12345678901234567" },
		func(c *talkover.Call) { c.From, c.To = "123456789012345678", "+1234567890123456789012" },
		func(c *talkover.Call) { c.FromFormatted, c.ToFormatted = "#1", "=+1 (202)" },
		func(c *talkover.Call) { c.FromFormatted, c.ToFormatted = "", "private" },
		func(c *talkover.Call) { c.FromFormatted, c.ToFormatted = "(099) 1", c.To+c.To },
		func(c *talkover.Call) { c.Direction, c.Status = "", "voicemail" },
		func(c *talkover.Call) { c.Direction, c.Status = "internal", "no_answer" },
		func(c *talkover.Call) { c.Agent = talkover.Agent{} },
		func(c *talkover.Call) { c.Agent = talkover.Agent{Name: "Bare"} },
		func(c *talkover.Call) { c.Duration = 604_800 },
		func(c *talkover.Call) { c.CreatedAt, c.UpdatedAt = time.Time{}, time.Time{} },
		func(c *talkover.Call) { c.UpdatedAt = c.CreatedAt.Add(-time.Hour) },
		func(c *talkover.Call) { c.UpdatedAt = c.CreatedAt.AddDate(3, 0, 0) },
		func(c *talkover.Call) { c.UpdatedAt = c.CreatedAt.Add(1<<39*time.Microsecond - time.Microsecond) },
		func(c *talkover.Call) { c.UpdatedAt = c.CreatedAt.Add(1 << 39 * time.Microsecond) },
		func(c *talkover.Call) { c.UpdatedAt = c.CreatedAt.Add(-1 << 39 * time.Microsecond) },
		func(c *talkover.Call) { c.CreatedAt = time.Time{} },
		func(c *talkover.Call) { c.SID = "XY" + c.SID[2:] },
		func(c *talkover.Call) { c.SID = c.SID[:33] + "x" },
		func(c *talkover.Call) { c.CreatedAt = c.CreatedAt.Add(999_999 * time.Microsecond) },
	} {
		c := plain
		change(&c)
		all = append(all, c)
	}
	return all
}

// packed packs calls, each of which must fit.
func packed(t testing.TB, calls []talkover.Call) *cache.Columns {
	t.Helper()
	var b cache.Builder
	for _, c := range calls {
		if err := b.Add(c); err != nil {
			t.Fatalf("%+v: %v", c, err)
		}
	}
	return b.Columns()
}

// Calls come out as they went in, and single fields are those of the calls.
func TestColumnsHoldCalls(t *testing.T) {
	calls := oddCalls()
	r := rand.New(rand.NewPCG(2, 2))
	for i := range 1500 {
		calls = append(calls, anyCall(r, noon.Add(-time.Duration(i)*time.Minute), 50))
	}
	c := packed(t, calls)
	var got []talkover.Call
	keys := map[uint64]string{}
	for row := range c.Rows() {
		call := row.Call()
		got = append(got, call)
		contact, line := call.To, call.From
		if call.Direction == "inbound" {
			contact, line = line, contact
		}
		if row.Contact() != contact || c.Line(row.Line()) != line || row.Seconds() != call.Duration || row.IsTesting() != call.IsTesting ||
			c.Statuses()[row.Status()] != call.Status || c.Directions()[row.Direction()] != call.Direction || c.Agents()[row.Agent()] != call.Agent ||
			!call.CreatedAt.IsZero() && row.Created() != call.CreatedAt.UnixMicro() {
			t.Errorf("the fields of %+v are others", call)
		}
		if k, ok := row.ContactKey(); ok {
			if other, met := keys[k]; met && other != contact {
				t.Errorf("%s and %s have one key", contact, other)
			}
			keys[k] = contact
		}
	}
	if diff := cmp.Diff(calls, got); diff != "" {
		t.Error(diff)
	}
	for i := range calls {
		if c.Row(i).Call().Key() != got[i].Key() {
			t.Fatalf("call %d is not the one of its turn", i)
		}
	}
}

// Whatever the number of calls, each is in its place: chunks are full but the last.
func TestColumnsOfAnyLength(t *testing.T) {
	var b cache.Builder
	r := rand.New(rand.NewPCG(3, 3))
	for n := range 1100 {
		if b.Len() != n {
			t.Fatalf("%d calls are said to be %d", n, b.Len())
		}
		if err := b.Add(anyCall(r, noon.Add(-time.Duration(n)*time.Second), 50)); err != nil {
			t.Fatal(err)
		}
	}
	c := b.Columns()
	i := 0
	for row := range c.Rows() {
		if at := noon.Add(-time.Duration(i) * time.Second).UnixMicro(); row.Created() != at || c.Row(i).Created() != at {
			t.Fatalf("row %d is another", i)
		}
		i++
	}
	if i != 1100 || c.Len() != i {
		t.Errorf("%d rows of %d", i, c.Len())
	}
}

// A day of more kinds of status, direction or line than an index has room for is refused.
func TestMoreKindsThanAnIndexHolds(t *testing.T) {
	for name, test := range map[string]struct {
		most   int
		change func(*talkover.Call, int)
	}{
		"statuses":   {1 << 8, func(c *talkover.Call, i int) { c.Status = fmt.Sprint(i) }},
		"directions": {1 << 8, func(c *talkover.Call, i int) { c.Direction = fmt.Sprint(i) }},
		"lines":      {1 << 16, func(c *talkover.Call, i int) { c.From = fmt.Sprintf("+%d", i) }},
	} {
		var b cache.Builder
		c := oddCalls()[0]
		c.Direction = "outbound"
		for i := range test.most {
			if test.change(&c, i); b.Add(c) != nil {
				t.Fatalf("%s: no room for %d", name, i+1)
			}
		}
		if test.change(&c, test.most); b.Add(c) != cache.ErrNoRoom || b.Len() != test.most {
			t.Errorf("%s: room for more than %d", name, test.most)
		}
		if last := b.Columns().Row(test.most - 1).Call(); last.Status == c.Status && last.Direction == c.Direction && last.From == c.From {
			t.Errorf("%s: the last is %+v", name, last)
		}
	}
}

// An agent has the name that it had in the call added first, which is the newest.
func TestAgentsStandOnceById(t *testing.T) {
	a, b := oddCalls()[0], oddCalls()[0]
	a.Agent, b.Agent = talkover.Agent{ID: "1", Label: "New"}, talkover.Agent{ID: "1", Label: "Old"}
	c := packed(t, []talkover.Call{a, b})
	if c.Row(1).Call().Agent != a.Agent || len(c.Agents()) != 1 {
		t.Errorf("%+v", c.Agents())
	}
}

// What columns have no room for is refused, and leaves no trace.
func TestWhatColumnsCannotHold(t *testing.T) {
	for name, change := range map[string]func(*talkover.Call){
		"before 1970":        func(c *talkover.Call) { c.CreatedAt = time.Date(1969, 1, 1, 0, 0, 0, 0, time.UTC) },
		"nanoseconds":        func(c *talkover.Call) { c.CreatedAt = c.CreatedAt.Add(1) },
		"updated much later": func(c *talkover.Call) { c.UpdatedAt = c.CreatedAt.AddDate(9000, 0, 0) },
		"a nanosecond after": func(c *talkover.Call) { c.UpdatedAt = c.CreatedAt.Add(1) },
		"too long":           func(c *talkover.Call) { c.Duration = 1 << 24 },
		"negative":           func(c *talkover.Call) { c.Duration = -1 },
	} {
		var b cache.Builder
		c := oddCalls()[0]
		change(&c)
		if err := b.Add(c); err != cache.ErrNoRoom || b.Len() != 0 {
			t.Errorf("%s: %v, %d calls", name, err, b.Len())
		}
	}
}

// A call takes 72 bytes at most, by the accounting and in the heap, in a log with
// UUIDs, SIDs of 34 characters and 300,000 numbers.
func TestBytesOfACall(t *testing.T) {
	const perDay, days = 2740, 73 // 200,000 calls; BenchmarkColumns has a million
	heap := func() uint64 {
		runtime.GC()
		runtime.GC()
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return m.HeapAlloc
	}
	before := heap()
	kept := make([]*cache.Columns, days)
	bytes := 0
	for i := range kept {
		kept[i] = manyCalls(t, uint64(i), perDay)
		bytes += kept[i].Bytes()
	}
	held := heap() - before
	runtime.KeepAlive(kept)
	accounted, measured := float64(bytes)/(perDay*days), float64(held)/(perDay*days)
	t.Logf("%.1f bytes a call by the accounting, %.1f in the heap", accounted, measured)
	if accounted > 72 || measured > 72 {
		t.Error("which is more than 72")
	}
}

// manyCalls packs a day of calls, newest first.
func manyCalls(t testing.TB, seed uint64, n int) *cache.Columns {
	t.Helper()
	r := rand.New(rand.NewPCG(seed, 9))
	var b cache.Builder
	for i := range n {
		at := noon.AddDate(0, 0, -int(seed)).Add(-time.Duration(i) * 30 * time.Second)
		if err := b.Add(anyCall(r, at, 300_000)); err != nil {
			t.Fatal(err)
		}
	}
	return b.Columns()
}
