package query

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/agnivade/levenshtein"

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
