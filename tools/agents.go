package tools

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/talkover/talkover-mcp/talkover"
)

// labelsOf tells apart the agents of some calls, also from those of the account's agents
// that are remembered.
func (q *question) labelsOf(calls []talkover.Call) labels {
	var agents []talkover.Agent
	for _, c := range calls {
		agents = append(agents, c.Agent)
	}
	return newLabels(append(agents, agentsOf(q.agents.latest(q.client))...)...)
}

// unknownAgent says that an agent was asked for that is none, or one of several. It lists
// those that may be meant.
type unknownAgent struct{ words ours }

func (unknownAgent) Error() string     { return "no such agent, or several" }
func (e unknownAgent) explain() string { return string(e.words) }
func (unknownAgent) outcome() string   { return "bad_arguments" }

// mostAlike bounds how many agents of one name an error lists.
const mostAlike = 10

// findAgent returns how answers show the agent that was asked for, and its id. Label, name and
// id will do, whatever the case of their letters, and so does a part of a label or name that
// only one agent has. The error is an [unknownAgent], or that of the API. While numbers are
// masked, an agent is known by what answers show of it, or guesses would tell the numbers in
// labels.
func (q *question) findAgent(ctx context.Context, asked string) (label, id string, err error) {
	agents, err := q.readAgents(ctx)
	if err != nil {
		return "", "", err
	}
	all := agentsOf(agents.Rows)
	shown := newLabels(all...)
	known := func(a talkover.Agent) []string {
		names := []string{a.Label, a.Name, shown.show(a)}
		for i, name := range names {
			names[i] = strings.ToLower(leaving(q.masked, name))
		}
		return names
	}
	want := strings.ToLower(asked)
	var found []talkover.Agent
	for _, fits := range []func(talkover.Agent) bool{
		func(a talkover.Agent) bool { return strings.EqualFold(a.ID, want) },
		func(a talkover.Agent) bool { return slices.Contains(known(a), want) },
		func(a talkover.Agent) bool {
			return slices.ContainsFunc(known(a), func(name string) bool { return strings.Contains(name, want) })
		},
	} {
		for _, a := range all {
			if fits(a) {
				found = append(found, a)
			}
		}
		if len(found) > 0 {
			break
		}
	}
	switch {
	case len(found) == 1:
		return shown.show(found[0]), found[0].ID, nil
	case len(found) > 1:
		return "", "", unknownAgent{say(q.masked, "%d agents fit %q; give the agent as one of these, or by its id: %s.", len(found), asked, q.list(found, shown))}
	case !agents.Complete && talkover.ValidAgentID(asked):
		return asked, asked, nil // it may be one of those that were not read
	}
	words := say(q.masked, "There is no agent %q; a deleted one is known by no name.", asked)
	if near := nearest(agents.Rows, asked); len(near) > 0 && !q.masked {
		return "", "", unknownAgent{words + " Nearest by name: " + q.list(agentsOf(near), shown) + "."}
	}
	return "", "", unknownAgent{words + " list_agents lists those that there are."}
}

// list writes how agents are shown, and their ids.
func (q *question) list(agents []talkover.Agent, shown labels) (s ours) {
	for i, a := range agents {
		switch {
		case i == mostAlike:
			return s + ours(fmt.Sprintf(", and %d more", len(agents)-i))
		case i > 0:
			s += ", "
		}
		s += say(q.masked, "%q (id %s)", shown.show(a), handle(a.ID))
	}
	return s
}
