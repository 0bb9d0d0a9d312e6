package tools

import (
	"context"
	"time"
)

// questions opens a question for each call of a tool, resource or completion.
type questions struct {
	Config
	accounts *accounts
	names    *names
	takes    map[string][]string // the tools that take an argument, by its name
}

// open opens a question in a zone; nil stands for the zone of the configuration. The
// error is a noToken.
func (qs *questions) open(ctx context.Context, zone *time.Location) (*question, error) {
	client, err := qs.accounts.client(ctx)
	if err != nil {
		return nil, err
	}
	if zone == nil {
		zone = qs.Zone
	}
	q := &question{client: client, clock: qs.Now, zone: zone, now: qs.Now().In(zone), demo: qs.Demo, masked: qs.MaskNumbers, log: qs.Log, names: qs.names}
	if qs.CallerOf != nil {
		q.caller = qs.CallerOf(ctx)
	}
	if client != nil { // a server without a token lists its tools
		q.calls = qs.Logs.Log(client)
	}
	return q, nil
}

// today returns the current UTC day, for faults of dates.
func (qs *questions) today() string { return qs.Now().UTC().Format(time.DateOnly) }
