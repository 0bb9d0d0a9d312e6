package cache_test

import (
	"testing"
	"time"

	"github.com/talkover/talkover-mcp/talkover/cache"
)

// The day that was begun belongs to its account, counts towards what is kept, and goes when
// the day is read whole, another is begun, the token is refused, room is needed or a day
// has gone by.
func TestABegunDay(t *testing.T) {
	kept := cache.New(cache.Options{Calls: 1000})
	a, b := kept.Account(key("a"), noon), kept.Account(key("b"), noon)
	begin := func(d cache.Date, n int) { a.KeepBegun(noon, noon, dayOf(t, d, n)) }
	has := func(at time.Time, d cache.Date, calls int) {
		t.Helper()
		k, ok := a.Begun(at)
		if ok != (calls > 0) || ok && (k.Date != d || k.Calls.Len() != calls || !k.Proven.Equal(noon)) {
			t.Errorf("begun: %v %+v, want %d calls of %s", ok, k, calls, d)
		}
	}
	begin(first, 300)
	has(noon, first, 300)
	if k, ok := b.Begun(noon); ok {
		t.Errorf("another account sees %+v", k)
	}
	if days := a.Days(t.Context(), first, first, noon); len(days) > 0 {
		t.Errorf("a begun day counts as kept: %v", days)
	}
	begin(first-1, 200)
	has(noon, first-1, 200)
	a.Keep(noon, noon, dayOf(t, first, 100))
	has(noon, first-1, 200)
	if s := kept.Summary(); s.Calls != 300 {
		t.Errorf("%+v", s)
	}
	a.Keep(noon, noon, dayOf(t, first-1, 250))
	has(noon, first-1, 0)
	if s := kept.Summary(); s.Calls != 350 || s.Days != 2 {
		t.Errorf("%+v", s)
	}
	begin(first-2, 50)
	has(noon.Add(cache.DefaultTTL), first-2, 50)
	has(noon.Add(cache.DefaultTTL+time.Second), first-2, 0)
	begin(first-2, 1001) // more than may be kept
	has(noon, first-2, 0)
	begin(first-2, 500)
	unpin := a.Pin(first-3, first-3)
	a.Keep(noon.Add(time.Second), noon, dayOf(t, first-3, 1000)) // needs all the room
	unpin()
	has(noon.Add(time.Second), first-2, 0)
	if s := kept.Summary(); s.Calls != 1000 || s.Days != 1 {
		t.Errorf("%+v", s)
	}
	a.Forget(t.Context())
	begin(first-2, 500)
	a.Forget(t.Context())
	has(noon, first-2, 0)
	a.LearnZone(cache.Zone{Other: true})
	begin(first-2, 500)
	has(noon, first-2, 0)
	if s := kept.Summary(); s.Calls != 0 {
		t.Errorf("%+v", s)
	}
}
