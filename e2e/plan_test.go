package e2e

import (
	"io"
	"maps"
	"net/http"
	"sync"
	"time"

	"github.com/talkover/talkover-mcp/talkover/scan/scantest"
)

// manyCalls are 13,000 calls of the last 90 days.
var manyCalls = sync.OnceValue(func() []scantest.Record {
	records := scantest.Generate(22, 13_000, 90*24*time.Hour)
	later := int64(time.Since(scantest.Now).Seconds())
	for i := range records {
		records[i].At += later
		if records[i].Updated > 0 {
			records[i].Updated += later
		}
	}
	return records
})

// limitedAPI serves them at 100 requests a minute.
func limitedAPI() http.HandlerFunc {
	api := &scantest.Served{API: &scantest.API{Records: manyCalls()}}
	return func(w http.ResponseWriter, r *http.Request) {
		res, err := api.RoundTrip(r)
		if err != nil { // who asked is gone
			return
		}
		maps.Copy(w.Header(), res.Header)
		w.WriteHeader(res.StatusCode)
		_, _ = io.Copy(w, res.Body)
	}
}
