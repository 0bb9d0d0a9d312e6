package query

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/agnivade/levenshtein"
	lru "github.com/hashicorp/golang-lru/v2"

	"github.com/talkover/talkover-mcp/talkover"
	"github.com/talkover/talkover-mcp/tools/answer"
)

// mostNames bounds how many agents or campaigns are looked through for a name.
const mostNames = 3 * talkover.MaxPerPage

// ReadAgents returns the account's agents, up to mostNames, as they were at most
// rememberFor ago.
func (q *Question) ReadAgents(ctx context.Context) (talkover.All[talkover.AgentInfo], error) {
	return q.Agents.get(q.Client, false, q.AllAgents(ctx))
}

// AllAgents returns how to read the agents of the account.
func (q *Question) AllAgents(ctx context.Context) func() (talkover.All[talkover.AgentInfo], error) {
	return func() (talkover.All[talkover.AgentInfo], error) {
		return talkover.ReadAll(ctx, q.Client.ListAgents, talkover.AgentQuery{}, mostNames)
	}
}

// AllCampaigns returns how to read its campaigns, up to mostNames.
func (q *Question) AllCampaigns(ctx context.Context) func() (talkover.All[talkover.Campaign], error) {
	return func() (talkover.All[talkover.Campaign], error) {
		return talkover.ReadAll(ctx, q.Client.ListCampaigns, talkover.CampaignQuery{}, mostNames)
	}
}

// NoteAgent explains an agent_id that matched nothing: whether there is such an agent,
// and if not, which agents have a name like it. If that cannot be told, it says nothing.
func (q *Question) NoteAgent(ctx context.Context, f *answer.Frame, id string) {
	if id == "" {
		return
	}
	agents, err := q.ReadAgents(ctx)
	if err != nil {
		return
	}
	there := func(a talkover.AgentInfo) bool { return a.ID == id }
	if i := slices.IndexFunc(agents.Rows, there); i >= 0 {
		f.Note("There is an agent with this agent_id: %q, status %q. It has no calls that fit.",
			agents.Rows[i].Display(), agents.Rows[i].Status)
		return
	}
	if !agents.Complete {
		var e *talkover.Error
		_, err := q.Client.ListAgentCalls(ctx, id, talkover.CallQuery{PerPage: 1})
		if err == nil {
			f.Note("There is an agent with this agent_id. It has no calls that fit.")
		}
		if !errors.As(err, &e) || e.Code != talkover.AgentNotFound {
			return
		}
	}
	near := answer.SafeText("list_agents lists the others.")
	if list := nearest(agents.Rows, id); len(list) > 0 {
		near = "Nearest by name: " + q.list(answer.AgentsOf(list), answer.NewLabels()) + "."
	}
	f.Note("There is no agent with the agent_id %q; a deleted one has no calls under its id. %s", answer.SearchTerm(id),
		near)
}

// mostNear bounds how many names an answer offers.
const mostNear = 3

// nearest returns the agents that a mistyped name may mean, the likeliest first.
func nearest(agents []talkover.AgentInfo, name string) []talkover.AgentInfo {
	far := func(a talkover.AgentInfo) int { return min(distance(a.Label, name), distance(a.Name, name)) }
	near := slices.DeleteFunc(slices.Clone(agents), func(a talkover.AgentInfo) bool {
		return far(a) > utf8.RuneCountInString(name)/3
	})
	slices.SortStableFunc(near, func(a, b talkover.AgentInfo) int { return cmp.Compare(far(a), far(b)) })
	return near[:min(len(near), mostNear)]
}

// distance counts the letters of a name that were mistyped, in whole or in one of its
// words. A part of a name is no mistake.
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

// Names holds the lists of agents and campaigns of accounts, and the prices of agents.
type Names struct {
	misses    misses
	Agents    memory[talkover.AgentInfo]
	Campaigns memory[talkover.Campaign]
	prices    Prices
}

func NewNames() *Names {
	return &Names{
		Agents: newMemory[talkover.AgentInfo](), Campaigns: newMemory[talkover.Campaign](), prices: newPrices(),
	}
}

// memory remembers the names of accounts for a minute, so that a completion, which
// hosts ask for at each key, and a question about an agent seldom cost a request.
//
// It is no expirable.LRU: that one (golang-lru 2.0.7) starts a goroutine that never ends,
// so TestCompletionsAreRememberedAndBounded, which runs in a bubble of synctest, fails.
type memory[T any] struct {
	accounts *lru.Cache[*talkover.Client, remembered[T]]
}

type remembered[T any] struct {
	names talkover.All[T]
	err   error // why there are no more
	until time.Time
}

func newMemory[T any]() memory[T] {
	accounts, _ := lru.New[*talkover.Client, remembered[T]](mostRemembered) // fails only for a size below 1
	return memory[T]{accounts}
}

// get returns the names of an account, which it has read read if it remembers none. Where a failure
// will do, it returns that of the last minute, with what came before it.
func (m memory[T]) get(account *talkover.Client, failed bool, read func() (talkover.All[T], error)) (talkover.All[T],
	error) {
	last, ok := m.accounts.Get(account)
	if !ok || last.err != nil && !failed || !time.Now().Before(last.until) {
		last.names, last.err = read()
		last.until = time.Now().Add(rememberFor)
		m.accounts.Add(account, last)
	}
	return last.names, last.err
}

// Offer returns the names for a completion: of a list that could not be read to its end,
// what came before. It reads again a minute after a failure.
func (m memory[T]) Offer(account *talkover.Client, read func() (talkover.All[T], error)) []T {
	all, _ := m.get(account, true, read)
	return all.Rows
}

// Latest returns the names that were read last, however old; none if none were read.
func (m memory[T]) Latest(account *talkover.Client) []T {
	last, _ := m.accounts.Get(account)
	return last.names.Rows
}

// LabelsOf tells apart the agents of some calls, also from those of the account's agents
// that are remembered.
func (q *Question) LabelsOf(calls []talkover.Call) answer.Labels {
	var agents []talkover.Agent
	for _, c := range calls {
		agents = append(agents, c.Agent)
	}
	return answer.NewLabels(append(agents, answer.AgentsOf(q.Agents.Latest(q.Client))...)...)
}

// MostAlike bounds how many agents of one name an error lists.
const MostAlike = 10

// findAgent returns how answers show the agent that was asked for, and its id. Label, name and
// id will do, whatever the case of their letters, and so does a part of a label or name that
// only one agent has. The error is a refusal, or that of the API. While numbers are
// masked, an agent is known by what answers show of it, or guesses would tell the numbers in
// labels.
func (q *Question) findAgent(ctx context.Context, asked string) (label, id string, err error) {
	agents, err := q.ReadAgents(ctx)
	if err != nil {
		return "", "", err
	}
	all := answer.AgentsOf(agents.Rows)
	shown := answer.NewLabels(all...)
	want := strings.ToLower(asked)
	// hits reports whether one of an agent's names fits, as answers show them.
	hits := func(a talkover.Agent, fits func(name, want string) bool) bool {
		for _, name := range []string{a.Label, a.Name, shown.Show(a)} {
			if fits(strings.ToLower(answer.Leaving(q.Masked, name)), want) {
				return true
			}
		}
		return false
	}
	same := func(x, y string) bool { return x == y }
	for _, fits := range []func(talkover.Agent) bool{
		func(a talkover.Agent) bool { return strings.EqualFold(a.ID, want) },
		func(a talkover.Agent) bool { return hits(a, same) },
		func(a talkover.Agent) bool { return hits(a, strings.Contains) },
	} {
		found := slices.DeleteFunc(slices.Clone(all), func(a talkover.Agent) bool { return !fits(a) })
		switch len(found) {
		case 0:
			continue
		case 1:
			return shown.Show(found[0]), found[0].ID, nil
		}
		return "", "", answer.Refuse("bad_arguments", answer.Say(q.Masked,
			"%d agents fit %q; give the agent as one of these, or by its id: %s.", len(found), asked,
			q.list(found, shown)))
	}
	if !agents.Complete && talkover.ValidAgentID(asked) {
		return asked, asked, nil // it may be one of those that were not read
	}
	words := answer.Say(q.Masked, "There is no agent %q; a deleted one has no name any more.", asked)
	if near := nearest(agents.Rows, asked); len(near) > 0 && !q.Masked {
		words += " Nearest by name: " + q.list(answer.AgentsOf(near), shown) + "."
	} else {
		words += " list_agents lists those that there are."
	}
	return "", "", answer.Refuse("bad_arguments", words)
}

// list writes how agents are shown, and their ids.
func (q *Question) list(agents []talkover.Agent, shown answer.Labels) (s answer.SafeText) {
	for i, a := range agents {
		switch {
		case i == MostAlike:
			return s + answer.SafeText(fmt.Sprintf(", and %d more", len(agents)-i))
		case i > 0:
			s += ", "
		}
		s += answer.Say(q.Masked, "%q (id %s)", shown.Show(a), answer.OpaqueID(a.ID))
	}
	return s
}
