package tools

import (
	"context"
	"crypto/sha256"
	"errors"
	"time"

	lru "github.com/hashicorp/golang-lru/v2"

	"github.com/talkover/talkover-mcp/talkover"
	"github.com/talkover/talkover-mcp/tools/answer"
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

// mostAccounts bounds how many callers' accounts have a client at once. A new one takes
// the place of the one that was idle for longest, and what was known of its limit is lost.
// Tokens that Talkover has not answered yet have as many places of their own, so that
// invented ones push nobody out.
const mostAccounts = 256

// accounts finds the client that a call works with. That is [Config.Client]; or where
// [Config.TokenOf] is set, each Talkover token has a client of its own, so that accounts
// never share limits or answers.
type accounts struct {
	shared  *talkover.Client
	tokenOf func(context.Context) talkover.Secret // nil if all calls share a client
	advice  func(context.Context) string          // for a call without a token; may be nil
	own     clients                               // of tokens that Talkover has answered
	new     clients                               // of other tokens
}

// clients holds clients by a hash of their token.
type clients = *lru.Cache[[sha256.Size]byte, *talkover.Client]

func newClients() clients {
	c, _ := lru.New[[sha256.Size]byte, *talkover.Client](mostAccounts) // fails only for a size below 1
	return c
}

func newAccounts(c Config) *accounts {
	return &accounts{shared: c.Client, tokenOf: c.TokenOf, advice: c.NoToken, own: newClients(), new: newClients()}
}

// client returns the client of the account that a call is about. It fails for a
// call without a token.
func (a *accounts) client(ctx context.Context) (*talkover.Client, error) {
	if a.tokenOf == nil {
		return a.shared, nil
	}
	token := a.tokenOf(ctx)
	if token.IsZero() {
		advice := bringToken
		if a.advice != nil {
			advice = a.advice(ctx)
		}
		return nil, answer.Refuse("no_token", answer.SafeText("Nothing was asked of Talkover: "+advice))
	}
	hash := sha256.Sum256([]byte(token.Reveal()))
	if c, ok := a.own.Get(hash); ok {
		return c, nil
	}
	if c, ok := a.new.Get(hash); ok {
		return c, nil
	}
	mine := a.shared.As(token)
	if first, ok, _ := a.new.PeekOrAdd(hash, mine); ok {
		return first, nil // a call at the same time made it
	}
	return mine, nil
}

// answered keeps the client of a call, since Talkover knows its token.
func (a *accounts) answered(ctx context.Context) {
	if a.tokenOf == nil {
		return
	}
	hash := sha256.Sum256([]byte(a.tokenOf(ctx).Reveal()))
	if c, ok := a.new.Peek(hash); ok {
		a.own.Add(hash, c)
		a.new.Remove(hash)
	}
}

// blame attributes a 401 to the caller, if the caller brought the token.
func (a *accounts) blame(err error) error {
	var api *talkover.Error
	if a.tokenOf != nil && errors.As(err, &api) && api.IsTokenUnknown() {
		return unknownToken(api)
	}
	return err
}

// bringToken is what a call is told that must bring its own token.
const bringToken = "this server holds no token, so each request must bring the caller's own in the header " +
	"X-Talkover-Token. " + whereTokens

const whereTokens = "Trying again will not help; that header is set where the client is configured."

// unknownToken says that Talkover does not know the token that a request brought.
func unknownToken(api *talkover.Error) *answer.Refusal {
	words := "Talkover answered 401 Unauthorized: it does not know the token that this request brought in the " +
		"header X-Talkover-Token. " + whereTokens
	if api.Cause().Do != "" {
		words += " What it holds " + talkover.NotAToken + "."
	}
	return &answer.Refusal{Outcome: string(api.Reason), Words: answer.SafeText(words), Cause: api}
}
