package makecall

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/talkover/talkover-mcp/tools/answer"
	"github.com/talkover/talkover-mcp/tools/query"
)

// Memory remembers texts for a while, of all replicas of this program or of one.
type Memory interface {
	// Swap puts a text under a name, to be held for so long, if what is there is old. ""
	// stands for nothing. It returns what was there. The error says that there is no telling,
	// and that the text may have been put all the same.
	Swap(name, old, text string, hold time.Duration) (was string, err error)
}

// ownMemory is the [Memory] of one process. The zero value is ready.
type ownMemory struct {
	mu   sync.Mutex
	kept map[string]kept
}

type kept struct {
	text  string
	until time.Time
}

// Swap implements [Memory]; it never fails.
func (m *ownMemory) Swap(name, old, text string, hold time.Duration) (was string, err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	now := time.Now()
	maps.DeleteFunc(m.kept, func(_ string, k kept) bool { return k.text == "" || !now.Before(k.until) })
	if m.kept == nil {
		m.kept = map[string]kept{}
	}
	if was = m.kept[name].text; was == old {
		m.kept[name] = kept{text, now.Add(hold)}
	}
	return was, nil
}

// orderTime is how long the same order is not sent twice unasked: a host that did not wait
// for the answer asks again.
const orderTime = 10 * time.Minute

// unknownID begins the ids of orders of which Talkover has told no id.
const unknownID = "unknown-"

// orders remembers each order by what it is, as the id of its call and the time.
type orders struct{ Memory }

// nameOf names what is the same order: that of an agent to ring a number with a payload.
func nameOf(q *query.Question, in Input) string {
	payload := jsontext.Value(slices.Clone(in.Payload))
	if _ = payload.Canonicalize(); string(payload) == "{}" { // it came from JSON
		payload = nil
	}
	return fmt.Sprintf("%q", []string{"order", string(q.Client.Key("account")), in.AgentID, in.To, string(payload)})
}

// note puts an order, or "" to look only, in the place of the one before, which it returns.
// It fails where that went out lately and in does not say to place it again. Test calls
// cost nothing, and are not noted.
func (o orders) note(q *query.Question, in Input, order string) (before string, err error) {
	if in.IsTesting {
		return "", nil
	}
	name := nameOf(q, in)
	was, err := o.Swap(name, "", order, orderTime)
	id, at, _ := strings.Cut(was, " ")
	if err == nil && was != "" && (id == in.AgainAfter || answer.MaskID(id) == in.AgainAfter) {
		before = was
		was, err = o.Swap(name, before, cmp.Or(order, before), orderTime)
	}
	switch {
	case err != nil:
		return "", memoryAway
	case was == before:
		return before, nil
	}
	again := answer.Say(q.Masked, "call again with again_after %q", answer.OpaqueID(id))
	if strings.HasPrefix(id, unknownID) {
		return "", refuse("refused_here", answer.Say(q.Masked, "the same order (agent, number and payload) went out "+
			"at %s, and what came of it is not known. "+
			"Look whether it is there: %s. If it is not, %s.", at, look(q), again))
	}
	return "", refuse("refused_here", answer.Say(q.Masked, "the same order (agent, number and payload) went out at "+
		"%s, as the call %s. "+
		"If the user wants it to ring once more, %s.", at, answer.OpaqueID(id), again))
}

// end notes what became of an order that went out: its call, or what was before it where
// no call was placed.
func (o orders) end(q *query.Question, in Input, order, became string) {
	if !in.IsTesting {
		_, _ = o.Swap(nameOf(q, in), order, became, orderTime) // else it stays noted as unknown
	}
}
