package scan_test

import (
	"context"
	"errors"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/talkover/talkover-mcp/talkover"
	"github.com/talkover/talkover-mcp/talkover/cache"
	"github.com/talkover/talkover-mcp/talkover/scan"
)

// Two and ten programs with one token, each with a limiter of its own, share the
// fixed window of the API. Whoever gets through is exact, about all or about less; the
// others are told how long to wait.
func TestProgramsThatShareAToken(t *testing.T) {
	for _, n := range []int{2, 10} {
		for _, shared := range []bool{false, true} {
			synctest.Test(t, func(t *testing.T) {
				api := &served{API: &fakeAPI{Records: generate(7, 3000, 37*24*time.Hour), Takes: 150 * time.Millisecond}}
				all := calls(api.Records)
				store := new(memory)
				var group sync.WaitGroup
				var mu sync.Mutex
				whole, partial, told := 0, 0, 0
				for i := range n {
					group.Go(func() {
						time.Sleep(time.Duration(i) * time.Second)
						o := cache.Options{Calls: cache.DefaultCalls}
						if shared {
							o.Store = store
						}
						kept := cache.New(o)
						defer kept.Close()
						c := client(t, api)
						for range 6 {
							ctx, cancel := context.WithTimeout(t.Context(), 50*time.Second)
							r, err := get(ctx, c, scan.Wanted{
								Window: scan.Window{From: time.Date(2026, 10, 10, 0, 0, 0, 0, time.UTC)}, Now: clock(), Account: kept.Account(talkover.NewSecret("talq_test_token").Key, now),
							})
							cancel()
							mu.Lock()
							var limited *talkover.Error
							switch {
							case errors.As(err, &limited) && limited.Reason == talkover.RateLimited && limited.Wait > 0:
								told++
							case err != nil:
								t.Errorf("%d programs: %v", n, err)
							case !r.Exact:
								t.Errorf("%d programs: %+v", n, r.Coverage)
							case r.Whole:
								whole++
							default:
								partial++
								if there := r.there(all); r.Calls == 0 || r.Calls > there {
									t.Errorf("%d programs: %+v, where there are %d", n, r.Coverage, there)
								}
							}
							mu.Unlock()
							time.Sleep(time.Minute)
						}
					})
				}
				group.Wait()
				if told > whole/5 || n == 2 && (told > 0 || partial > 0) {
					t.Errorf("of %d answers of %d programs, %d are whole and %d an error", 6*n, n, whole, told)
				}
				t.Logf("%d programs, one folder %t: %d answers whole, %d about less, %d told to wait; %d requests, %d refused", n, shared, whole, partial, told, api.Count(), api.Refused)
			})
		}
	}
}
