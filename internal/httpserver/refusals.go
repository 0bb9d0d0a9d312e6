package httpserver

import (
	"context"
	"log/slog"
	"net/http"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"time"
)

// pause is how long one line of refusals stands for all of its outcome.
const pause = time.Second

// refusals logs requests that are refused at the door: the first of an outcome at once, and
// then a line a second with how many there were. Strangers send more than a log can hold.
type refusals struct {
	log     *slog.Logger
	proxies []netip.Prefix // whose X-Forwarded-For is believed

	mu   sync.Mutex
	held map[string]*heldRefusals // by outcome, of which there are few
}

// heldRefusals are those of an outcome since its last line.
type heldRefusals struct {
	what   string // was refused
	count  int
	latest *http.Request
}

// add takes down that a request was refused.
func (f *refusals) add(r *http.Request, what, outcome string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	held, isHeld := f.held[outcome]
	if !isHeld {
		held = &heldRefusals{what: what}
		f.held[outcome] = held
	}
	held.count, held.latest = held.count+1, r
	if !isHeld {
		f.write(outcome)
	}
}

// write writes the line of an outcome, unless nothing has happened since the last one.
func (f *refusals) write(outcome string) {
	held := f.held[outcome]
	if held.count == 0 {
		delete(f.held, outcome)
		return
	}
	f.log.WarnContext(context.WithoutCancel(held.latest.Context()), held.what,
		"audit", true, "outcome", outcome, "count", held.count, "peer", f.peer(held.latest))
	held.count, held.latest = 0, nil
	time.AfterFunc(pause, func() {
		f.mu.Lock()
		defer f.mu.Unlock()
		f.write(outcome)
	})
}

// peer returns the network that a request is from: behind a trusted proxy, the last one that
// X-Forwarded-For names and that is not such a proxy. A whole address may be a person's.
func (f *refusals) peer(r *http.Request) string {
	from, err := netip.ParseAddrPort(r.RemoteAddr)
	if err != nil {
		return "unknown"
	}
	ip := from.Addr().Unmap()
	for _, hop := range slices.Backward(strings.Split(strings.Join(r.Header.Values("X-Forwarded-For"), ","), ",")) {
		before, err := netip.ParseAddr(strings.TrimSpace(hop))
		if err != nil || !slices.ContainsFunc(f.proxies, func(p netip.Prefix) bool { return p.Contains(ip) }) {
			break
		}
		ip = before.Unmap()
	}
	bits := 24
	if ip.Is6() {
		bits = 48
	}
	return netip.PrefixFrom(ip.WithZone(""), bits).Masked().String()
}
