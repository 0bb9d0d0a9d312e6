package tools

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"
	"unicode/utf8"

	"github.com/agnivade/levenshtein"

	"github.com/talkover/talkover-mcp/talkover"
)

// mostNames is how many agents or campaigns are looked through for a name.
const mostNames = 3 * talkover.MaxPerPage

func (c Config) readAgents(ctx context.Context) (talkover.All[talkover.AgentInfo], error) {
	return talkover.ReadAll(ctx, c.Client.ListAgents, talkover.AgentQuery{}, mostNames)
}

func (c Config) readCampaigns(ctx context.Context) (talkover.All[talkover.Campaign], error) {
	return talkover.ReadAll(ctx, c.Client.ListCampaigns, talkover.CampaignQuery{}, mostNames)
}

// noteAgent says of an agent_id that matched nothing whether there is such an
// agent, and if there is none, which was meant if it is a name. Where that cannot
// be told, the answer stands without it.
func (c Config) noteAgent(ctx context.Context, f *frame, id string) {
	if id == "" {
		return
	}
	agents, err := c.readAgents(ctx)
	if err != nil {
		return
	}
	m := mask(c.MaskNumbers)
	if i := slices.IndexFunc(agents.Rows, func(a talkover.AgentInfo) bool { return a.ID == id }); i >= 0 {
		f.note("There is an agent with this agent_id: %q, status %q. It has no calls that fit.", m.words(agents.Rows[i].Display()), agents.Rows[i].Status)
		return
	}
	if !agents.Complete {
		var e *talkover.Error
		switch _, err := c.Client.ListAgentCalls(ctx, id, talkover.CallQuery{PerPage: 1}); {
		case err == nil:
			f.note("There is an agent with this agent_id. It has no calls that fit.")
			return
		case !errors.As(err, &e) || e.Code != talkover.AgentNotFound:
			return
		}
	}
	var near []string
	for _, a := range nearest(agents.Rows, id) {
		near = append(near, fmt.Sprintf("%q has agent_id %q", m.words(a.Display()), a.ID))
	}
	if len(near) > 0 {
		f.note("There is no agent with the agent_id %q. Nearest by name: %s.", m.search(id), strings.Join(near, ", "))
		return
	}
	f.note("There is no agent with the agent_id %q; a deleted one has no calls under its id. list_agents lists the others.", m.search(id))
}

// mostNear is how many names an answer offers.
const mostNear = 3

// nearest is the agents that a name may mean, the likeliest first.
func nearest(agents []talkover.AgentInfo, name string) []talkover.AgentInfo {
	far := func(a talkover.AgentInfo) int { return min(distance(a.Label, name), distance(a.Name, name)) }
	near := slices.DeleteFunc(slices.Clone(agents), func(a talkover.AgentInfo) bool { return far(a) > utf8.RuneCountInString(name)/3 })
	slices.SortStableFunc(near, func(a, b talkover.AgentInfo) int { return cmp.Compare(far(a), far(b)) })
	return near[:min(len(near), mostNear)]
}

// distance is how many letters of a name were mistyped, in whole or in one of its
// words; a part of it is right.
func distance(name, typed string) int {
	name, typed = strings.ToLower(name), strings.ToLower(typed)
	if name != "" && strings.Contains(name, typed) {
		return 0
	}
	d := levenshtein.ComputeDistance(name, typed)
	for word := range strings.FieldsSeq(name) {
		d = min(d, levenshtein.ComputeDistance(word, typed))
	}
	return d
}

const (
	rememberFor    = time.Minute
	mostRemembered = 64 // accounts whose names are remembered
)

// memory remembers the names of accounts for a while, so that a completion, which
// hosts ask for at each key, seldom costs a request. Of a list that could not be
// read to its end, it has what came before, until then.
type memory[T any] struct {
	mu       sync.Mutex
	accounts map[*talkover.Client]remembered[T]
}

type remembered[T any] struct {
	names []T
	until time.Time
}

func (m *memory[T]) get(account *talkover.Client, read func() (talkover.All[T], error)) []T {
	m.mu.Lock()
	known, ok := m.accounts[account]
	m.mu.Unlock()
	if ok && time.Now().Before(known.until) {
		return known.names
	}
	all, _ := read()
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.accounts == nil || len(m.accounts) >= mostRemembered {
		m.accounts = map[*talkover.Client]remembered[T]{}
	}
	m.accounts[account] = remembered[T]{all.Rows, time.Now().Add(rememberFor)}
	return all.Rows
}
