package tools

import (
	"context"
	"time"

	"github.com/talkover/talkover-mcp/tools/query"
)

// questions opens a question for each call of a tool, resource or completion.
type questions struct {
	Config
	accounts *accounts
	names    *query.Names
	takes    map[string][]string // the tools that take an argument, by its name
}

// open opens a question in a zone; nil stands for the zone of the configuration. It
// fails for a call without a token.
func (qs *questions) open(ctx context.Context, zone *time.Location) (*query.Question, error) {
	client, err := qs.accounts.client(ctx)
	if err != nil {
		return nil, err
	}
	if zone == nil {
		zone = qs.Zone
	}
	q := &query.Question{
		Client: client, Clock: qs.Now, Zone: zone, Now: qs.Now().In(zone), Demo: qs.Demo, Masked: qs.MaskNumbers,
		Business: qs.BusinessHours, Log: qs.Log, Names: qs.names,
	}
	if qs.CallerOf != nil {
		q.Caller = qs.CallerOf(ctx)
	}
	if client != nil { // a server without a token lists its tools
		q.Calls = qs.Logs.Log(client)
	}
	return q, nil
}

// today returns the current UTC day, for faults of dates.
func (qs *questions) today() string { return qs.Now().UTC().Format(time.DateOnly) }
