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
// fixed window of the API. Where they begin a second apart, no question ends in an error:
// each answer is exact, about all or about less. Ten that begin within a second, before the
// first of them knows of the others, may be told to wait.
func TestProgramsThatShareAToken(t *testing.T) {
	for _, test := range []struct {
		programs int
		apart    time.Duration
	}{{2, time.Second}, {10, time.Second}, {10, 3 * time.Second}, {10, 100 * time.Millisecond}} {
		for _, shared := range []bool{false, true} {
			n := test.programs
			synctest.Test(t, func(t *testing.T) {
				api := &served{API: &fakeAPI{Records: generate(7, 3000, 37*24*time.Hour), Takes: 150 * time.Millisecond}}
				all := calls(api.Records)
				store := new(memory)
				var group sync.WaitGroup
				var mu sync.Mutex
				whole, partial, told := 0, 0, 0
				for i := range n {
					group.Go(func() {
						time.Sleep(time.Duration(i) * test.apart)
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
				apart := test.apart >= time.Second
				if apart && (told > 0 || api.Refused > 0) || told > n/2 || n == 2 && partial > 0 || whole < 2*n {
					t.Errorf("of %d answers of %d programs, %d are whole and %d an error; %d requests were refused", 6*n, n, whole, told, api.Refused)
				}
				t.Logf("%d programs %s apart, one folder %t: %d answers whole, %d about less, %d told to wait; %d requests, %d refused", n, test.apart, shared, whole, partial, told, api.Count(), api.Refused)
			})
		}
	}
}
