package valkey

import (
	"context"
	"crypto/rand"
	_ "embed"
	"encoding/hex"
	"slices"
	"strconv"
	"sync"
	"time"

	valkeygo "github.com/valkey-io/valkey-go"

	"github.com/talkover/talkover-mcp/talkover"
)

//go:embed acquire.lua
var acquireScript string

//go:embed release.lua
var releaseScript string

var (
	acquire = valkeygo.NewLuaScript(acquireScript)
	release = valkeygo.NewLuaScript(releaseScript)
)

// What acquire.lua answers.
const (
	granted = iota
	mustWait
	tooLate
	forgotten
)

// What acquire.lua is asked for.
const (
	lookup  = "lookup"
	bulk    = "bulk"
	outlook = "outlook"
)

// Times of acquire.lua.
const (
	window = time.Minute
	again  = 5 * time.Second // a request that waits asks so often
)

// ledger implements [talkover.Ledger]. It remembers each request of this replica for as
// long as it counts: the server may forget, or be away while the request goes.
type ledger struct {
	*Server
	key func(purpose string) []byte

	mu       sync.Mutex
	account  string // as the server knows it
	epoch    string // of the server's memory, as it was last
	wasAway  bool   // since the last answer
	requests []request
	asking   int      // requests that the server is being asked for
	unsaid   []ending // of requests, while the server was away
}

// request is one that counts against the limit.
type request struct {
	id    string
	until time.Time // it counts
	began time.Time
	known bool // to the server
	ended bool
}

// ending is what release.lua is to be told.
type ending struct {
	id   string
	at   time.Time // of the answer; zero where the request did not go
	told talkover.Told
}

// mostUnsaid bounds the endings that are kept while the server is away. Without its
// ending, a request counts until its lease is over.
const mostUnsaid = 1000

// Ledger returns the count of an account's requests; see [talkover.LedgerOf].
func (s *Server) Ledger(key func(purpose string) []byte) talkover.Ledger {
	return &ledger{Server: s, key: key}
}

// keys returns the keys of the scripts. Where the token has changed, its account is
// another one, which has to be told all.
func (l *ledger) keys() []string {
	account := hex.EncodeToString(l.key("valkey limit")[:16])
	l.mu.Lock()
	defer l.mu.Unlock()
	if account != l.account {
		l.account = account
		l.forgetEpoch("")
	}
	prefix := "talkover:{" + account + "}:"
	return []string{prefix + "places", prefix + "limit", prefix + "lookups", prefix + "bulk", prefix + "patience"}
}

// forgetEpoch begins another epoch, in which the server knows no request of this
// replica. The caller holds l.mu.
func (l *ledger) forgetEpoch(epoch string) {
	l.epoch = epoch
	for i := range l.requests {
		l.requests[i].known = false
	}
}

// count drops requests that count no more, and returns how many of this replica do. The
// caller holds l.mu.
func (l *ledger) count(now time.Time) int {
	l.requests = slices.DeleteFunc(l.requests, func(r request) bool { return !r.until.After(now) })
	return len(l.requests)
}

// witness returns a request that the server must know, unless it has forgotten. The
// caller holds l.mu.
func (l *ledger) witness(now time.Time) string {
	for _, r := range slices.Backward(l.requests) {
		if r.known && now.Sub(r.began) < window-again {
			return r.id
		}
	}
	return ""
}

// Acquire implements [talkover.Ledger].
func (l *ledger) Acquire(ask talkover.Ask) (talkover.Grant, error) {
	class := lookup
	if ask.Bulk {
		class = bulk
	}
	answer, err := l.run(class, ask)
	if err != nil {
		return talkover.Grant{}, err
	}
	if len(answer) != 5 {
		return talkover.Grant{}, errAnswer
	}
	g := talkover.Grant{
		Wait: time.Duration(answer[2]) * time.Millisecond, Again: again,
		Limit: int(answer[3]), Used: int(answer[4]),
	}
	if answer[0] == granted {
		g.Wait = 0
	}
	return g, nil
}

// Outlook implements [talkover.Ledger].
func (l *ledger) Outlook(limit int) (talkover.Outlook, error) {
	answer, err := l.run(outlook, talkover.Ask{ID: rand.Text(), Limit: limit})
	if err != nil {
		return talkover.Outlook{}, err
	}
	if len(answer) < 4 {
		return talkover.Outlook{}, errAnswer
	}
	o := talkover.Outlook{Limit: int(answer[2])}
	for _, n := range answer[3:] {
		o.Free = append(o.Free, int(n))
	}
	return o, nil
}

// run runs acquire.lua, again where the server's clock or memory is not as it was.
func (l *ledger) run(class string, ask talkover.Ask) ([]int64, error) {
	for range 4 {
		answer, err := l.once(class, ask)
		if err != nil {
			l.mu.Lock()
			l.wasAway = true
			l.mu.Unlock()
			return nil, err
		}
		if answer[0] == granted || answer[0] == mustWait {
			return answer, nil
		}
	}
	return nil, errAway
}

// once runs acquire.lua, and learns from its answer.
func (l *ledger) once(class string, ask talkover.Ask) (answer []int64, err error) {
	keys := l.keys()
	sent := time.Now()
	l.mu.Lock()
	mine := l.count(sent) + l.asking
	l.asking++
	epoch, returning := l.epoch, l.wasAway
	args := []string{
		ask.ID, class, l.deadline(sent), milli(ask.Lease), milli(ask.Most), strconv.Itoa(ask.Limit), strconv.Itoa(l.Replicas),
		strconv.Itoa(mine), epoch, l.witness(sent), "0",
	}
	if returning {
		args[len(args)-1] = "1"
	}
	var saying []string
	for _, r := range l.requests {
		if !r.known {
			saying = append(saying, r.id)
			args = append(args, r.id, milli(r.until.Sub(sent)))
		}
	}
	l.mu.Unlock()
	var server string
	err = l.tell(limitTime, func(ctx context.Context, c valkeygo.Client) error {
		parts, err := acquire.Exec(ctx, c, keys, args).ToArray()
		if err != nil {
			return err
		}
		for i, p := range parts {
			if text, err := p.ToString(); err == nil && i == 2 {
				server = text
				continue
			}
			n, err := p.AsInt64()
			if err != nil {
				return errAnswer
			}
			answer = append(answer, n)
		}
		if len(answer) < 2 {
			return errAnswer
		}
		return nil
	})
	l.mu.Lock()
	defer l.mu.Unlock()
	l.asking--
	if err != nil {
		return nil, err
	}
	l.learn(sent, time.UnixMilli(answer[1]))
	switch {
	case answer[0] == forgotten:
		if l.epoch == epoch { // else another request has learned it
			l.forgetEpoch(server)
		}
	case answer[0] == tooLate:
	case l.epoch != epoch: // the server forgot meanwhile, with what it has just granted
		answer[0] = forgotten
	default:
		for i := range l.requests {
			l.requests[i].known = l.requests[i].known || slices.Contains(saying, l.requests[i].id)
		}
		if returning {
			l.wasAway = false
			go l.sayAll(l.unsaid)
			l.unsaid = nil
		}
		if answer[0] == granted && class != outlook {
			now := time.Now()
			l.requests = append(l.requests, request{id: ask.ID, began: now, until: now.Add(ask.Lease), known: true})
		}
	}
	return answer, nil
}

// deadline returns when an answer is of use no more, by the server's clock.
func (l *ledger) deadline(sent time.Time) string {
	return strconv.FormatInt(sent.Add(l.State().Ahead+limitTime).UnixMilli(), 10)
}

func milli(d time.Duration) string { return strconv.FormatInt(d.Milliseconds(), 10) }

// Alone implements [talkover.Ledger].
func (l *ledger) Alone(id string, lease time.Duration) {
	now := time.Now()
	l.mu.Lock()
	defer l.mu.Unlock()
	l.count(now)
	l.requests = append(l.requests, request{id: id, began: now, until: now.Add(lease)})
}

// Release implements [talkover.Ledger].
func (l *ledger) Release(id string, told talkover.Told) {
	now := time.Now()
	l.mu.Lock()
	for i := range l.requests {
		if r := &l.requests[i]; r.id == id {
			r.until, r.ended = now.Add(window), true
		}
	}
	l.mu.Unlock()
	go l.say(ending{id, now, told})
}

// Cancel implements [talkover.Ledger].
func (l *ledger) Cancel(id string) {
	go l.say(ending{id: id, told: talkover.Told{Left: -1}})
}

// Pause implements [talkover.Ledger].
func (l *ledger) Pause(d time.Duration) {
	go func() {
		now := time.Now()
		_ = l.tell(limitTime, func(ctx context.Context, c valkeygo.Client) error {
			return release.Exec(ctx, c, l.keys(), []string{"", "0", "0", "-1", "0", milli(d - time.Since(now))}).Error()
		}) // this replica keeps the pause itself, and others learn it by their own 429
	}()
}

// say tells the server how a request ended, or keeps that until it is back.
func (l *ledger) say(e ending) {
	keys := l.keys()
	err := l.tell(limitTime, func(ctx context.Context, c valkeygo.Client) error {
		age := "-1"
		if !e.at.IsZero() {
			age = milli(time.Since(e.at))
		}
		return release.Exec(ctx, c, keys, []string{
			e.id, age, strconv.Itoa(e.told.Limit), strconv.Itoa(e.told.Left), milli(max(e.told.Reset, 0)), "0",
		}).Error()
	})
	if err == nil {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.wasAway = true
	if e.told = (talkover.Told{Left: -1}); len(l.unsaid) < mostUnsaid {
		l.unsaid = append(l.unsaid, e)
	}
}

// sayAll tells what could not be told while the server was away.
func (l *ledger) sayAll(all []ending) {
	for _, e := range all {
		l.say(e)
	}
}
