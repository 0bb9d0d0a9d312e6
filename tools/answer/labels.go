package answer

import (
	"fmt"
	"slices"
	"strings"

	"github.com/talkover/talkover-mcp/talkover"
	"github.com/talkover/talkover-mcp/talkover/stats"
)

// Deleted stands for the agent of a call that has none any more.
var Deleted = stats.Deleted.Name

// Labels maps the ids of agents to how answers show them. Where agents share a label, each
// is told apart by its name, such as Support (support_es), or by its id.
type Labels map[string]string

// AgentsOf returns the agents of a list.
func AgentsOf(rows []talkover.AgentInfo) []talkover.Agent {
	agents := make([]talkover.Agent, len(rows))
	for i, a := range rows {
		agents[i] = a.Agent
	}
	return agents
}

// NewLabels tells agents apart. One that comes twice has the label that comes first.
func NewLabels(agents ...talkover.Agent) Labels {
	seen := map[string]bool{}
	same := map[string][]talkover.Agent{} // by what would be shown
	for _, a := range agents {
		if a.ID != "" && !seen[a.ID] {
			seen[a.ID] = true
			key := strings.ToLower(a.Display())
			same[key] = append(same[key], a)
		}
	}
	l := Labels{}
	for _, alike := range same {
		for _, a := range alike {
			l[a.ID] = a.Display()
			if len(alike) > 1 {
				l[a.ID] = fmt.Sprintf("%s (%s)", a.Display(), apart(a, alike))
			}
		}
	}
	return l
}

// apart returns what an agent has that those with the same label have not: its name, or else
// its id.
func apart(a talkover.Agent, alike []talkover.Agent) string {
	shares := slices.ContainsFunc(alike, func(b talkover.Agent) bool {
		return b.ID != a.ID && strings.EqualFold(a.Name, b.Name)
	})
	if a.Name == "" || shares || strings.EqualFold(a.Name, a.Display()) {
		return a.ID
	}
	return a.Name
}

// Show returns how answers show an agent.
func (l Labels) Show(a talkover.Agent) string {
	if a == (talkover.Agent{}) {
		return Deleted
	}
	if s, ok := l[a.ID]; ok {
		return s
	}
	return a.Display()
}
