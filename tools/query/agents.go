package query

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/talkover/talkover-mcp/talkover"
	"github.com/talkover/talkover-mcp/tools/answer"
)

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
