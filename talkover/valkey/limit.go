package valkey

import (
	"context"
	_ "embed"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/talkover/talkover-mcp/talkover"
)

//go:embed limit.lua
var limitScript string

const (
	again      = 5 * time.Second // a request that waits asks so often
	handshakes = 3               // in which a replica learns what a server knows

	mostUnheard = 1000
)

// ledger implements [talkover.Ledger].
type ledger struct {
	*Server
	key func(purpose string) []byte

	mu      sync.Mutex // one script of a replica runs at a time
	epoch   int64      // of the server's memory; 0 where it must be told all
	seen    int64      // its time, in its last answer
	ahead   int64      // its clock before ours
	unheard []string   // requests that may have been granted without an answer
}

// Ledger returns the count of an account's requests; see [talkover.LedgerOf].
func (s *Server) Ledger(key func(purpose string) []byte) talkover.Ledger {
	return &ledger{Server: s, key: key}
}

// Acquire implements [talkover.Ledger]. It asks again where the server's clock or memory is
// not as it was, and tells it all that this replica knows.
func (l *ledger) Acquire(ask talkover.Ask) (g talkover.Grant, err error) {
	if away, _ := l.State(); away {
		return g, errAway
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	var telling []string
	for range handshakes {
		now := time.Now().UnixMilli()
		answer, err := l.run(ask, talkover.Told{Left: -1}, telling)
		if err != nil {
			l.epoch, l.unheard = 0, append(l.unheard, ask.ID)
			l.unheard = l.unheard[max(len(l.unheard)-mostUnheard, 0):]
			return g, err
		}
		l.epoch, l.seen, l.ahead = answer[0], answer[1], answer[1]-now
		if wait := time.Duration(answer[2]) * time.Millisecond; wait >= 0 {
			l.unheard = nil
			return talkover.Grant{
				Wait: wait, Again: again, Limit: int(answer[3]), Used: int(answer[4]), Outlook: answer[5:],
			}, nil
		}
		telling = nil
		for _, id := range l.unheard {
			telling = append(telling, id, "0")
		}
		for _, p := range ask.Places {
			telling = append(telling, p.ID, milli(time.Until(p.Until)))
		}
	}
	return g, errAway
}

// Release implements [talkover.Ledger]. What the server does not hear now, it is told with all
// else.
func (l *ledger) Release(id string, told talkover.Told) {
	go func() {
		l.mu.Lock()
		defer l.mu.Unlock()
		if _, err := l.run(talkover.Ask{}, told, []string{id, milli(told.Counts)}); err != nil {
			l.epoch = 0
		}
	}()
}

// run runs limit.lua. The caller holds l.mu.
func (l *ledger) run(of talkover.Ask, told talkover.Told, telling []string) ([]int64, error) {
	account := hex.EncodeToString(l.key("valkey limit")[:16])
	keys := []string{key(account, "places", ""), key(account, "limit", ""), key(account, "queue", "")}
	args := strings.Fields(fmt.Sprintln(
		l.epoch, l.seen, time.Now().Add(limitTime).UnixMilli()+l.ahead,
		of.Lease.Milliseconds(), of.Most.Milliseconds(), of.Share, of.Limit, l.Replicas, len(of.Places), of.Outlook,
		told.Limit, told.Left, told.Reset.Milliseconds(), told.Pause.Milliseconds(),
	))
	words := script(limitScript, keys, slices.Concat([]string{of.ID}, args, telling)...)
	return ask(context.Background(), l.Server, limitTime, numbers(5), words...)
}
