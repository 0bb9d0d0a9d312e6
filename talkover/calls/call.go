package calls

import (
	"cmp"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/talkover/talkover-mcp/talkover"
)

// Call is one call of a log, in 80 bytes. What many calls share stands once in the
// [Tables] of its account, to which the numbers point.
type Call struct {
	At      int64  // when it was created, in microseconds since 1970
	updated int64  // likewise, when it was changed last; 0 where nobody knows
	Contact uint32 // the other party, of Tables.Contacts
	Line    uint32 // our number, of Tables.Lines
	Agent   uint32 // of Tables.Agents
	Seconds uint32 // that it took
	Kind    uint16 // its status and direction, of Tables.Kinds
	unread  uint16 // a bit for each of unreadable
	id, sid ident
	Test    bool
}

// Time returns when the call was created.
func (c *Call) Time() time.Time { return time.UnixMicro(c.At).UTC() }

// key tells a call from any other of its account.
type key struct {
	id      ident
	at      int64
	contact uint32
}

// key returns the id of the call, or its SID where it has none, or else what there is.
func (c *Call) key() key {
	switch {
	case c.id != ident{}:
		return key{id: c.id}
	case c.sid != ident{}:
		return key{id: c.sid, at: 1}
	}
	return key{at: c.At, contact: c.Contact}
}

// unreadable names the fields that may have come in a form that nobody can read.
var unreadable = []string{
	"id", "sid", "to", "to_formatted", "from", "from_formatted", "is_testing", "direction", "status", "duration", "agent", "created_at", "updated_at",
}

// Kind is the status and the direction that calls have.
type Kind struct{ Status, Direction string }

// Tables holds what the calls of an account share. It only grows, so that a number once
// given stays good; an agent that was renamed has the name that was read last. A Tables
// that was handed out does not change.
type Tables struct {
	Contacts []string // numbers of other parties, as Talkover writes them
	Lines    []string // our own numbers
	Agents   []talkover.Agent
	Kinds    []Kind
	texts    []string // around the digits of ids
	contacts []string // Contacts as Talkover formats them for people
	lines    []string // likewise, Lines
}

// writer adds calls to the tables of an account. Who has the lock of its log may use it.
type writer struct {
	tables   Tables
	contacts map[string]uint32
	lines    map[string]uint32
	agents   map[string]uint32
	kinds    map[Kind]uint32
	texts    map[string]uint32
}

func newWriter() *writer {
	w := &writer{
		contacts: map[string]uint32{}, lines: map[string]uint32{}, agents: map[string]uint32{},
		kinds: map[Kind]uint32{}, texts: map[string]uint32{},
	}
	w.ident("") // is the zero ident
	return w
}

// snapshot returns the tables as they are.
func (w *writer) snapshot() *Tables {
	t := w.tables
	return &t
}

// add makes calls of what the API sent, in the same order. A call without a time of its
// creation is not added, since nobody knows where it belongs.
func (w *writer) add(rows []talkover.Call) (all []Call, err error) {
	all = make([]Call, 0, len(rows))
	for i := range rows {
		row := &rows[i]
		if row.CreatedAt.IsZero() {
			continue
		}
		c := Call{At: row.CreatedAt.UnixMicro(), Seconds: uint32(max(row.Duration, 0)), Test: row.IsTesting}
		if !row.UpdatedAt.IsZero() {
			c.updated = row.UpdatedAt.UnixMicro()
		}
		contact, line := [2]string{row.To, row.ToFormatted}, [2]string{row.From, row.FromFormatted}
		if row.Direction == talkover.Inbound {
			contact, line = line, contact
		}
		c.Contact = phone(w.contacts, &w.tables.Contacts, &w.tables.contacts, contact)
		c.Line = phone(w.lines, &w.tables.Lines, &w.tables.lines, line)
		c.Agent = w.agent(row.Agent)
		kind := Kind{strings.Clone(row.Status), strings.Clone(row.Direction)}
		n := number(w.kinds, &w.tables.Kinds, kind, kind)
		if n > math.MaxUint16 {
			return nil, strange
		}
		c.Kind = uint16(n)
		c.id, c.sid = w.ident(row.ID), w.ident(row.SID)
		for _, name := range row.Unread {
			c.unread |= 1 << max(slices.Index(unreadable, name), 0)
		}
		all = append(all, c)
	}
	return all, nil
}

// agent numbers an agent by its id, or by what else it has. Tables that were handed out keep
// the name that it had.
func (w *writer) agent(a talkover.Agent) uint32 {
	k := AgentKey(a)
	n := number(w.agents, &w.tables.Agents, k, a)
	if w.tables.Agents[n] != a {
		w.tables.Agents = slices.Clone(w.tables.Agents)
		w.tables.Agents[n] = a
	}
	return n
}

// AgentKey tells agents apart: by their id, or where there is none by what there is. It is
// empty for no agent.
func AgentKey(a talkover.Agent) string { return cmp.Or(a.ID, a.Name, a.Label) }

// number returns the number of a value in a list, to which it adds the value if need be.
func number[K comparable, V any](at map[K]uint32, list *[]V, k K, v V) uint32 {
	n, ok := at[k]
	if !ok {
		n = uint32(len(*list))
		at[k] = n
		*list = append(*list, v)
	}
	return n
}

// phone returns the number of a phone number in a list, to which it adds the number, as it is and
// as it was formatted first, if need be.
func phone(at map[string]uint32, list, forms *[]string, phone [2]string) uint32 {
	n := number(at, list, phone[0], phone[0])
	if int(n) == len(*forms) {
		*forms = append(*forms, phone[1])
	}
	return n
}

// Whole returns a call as the API sent it.
func (t *Tables) Whole(c *Call) talkover.Call {
	kind := t.Kinds[c.Kind]
	whole := talkover.Call{
		ID: t.text(c.id), SID: t.text(c.sid), IsTesting: c.Test,
		From: t.Lines[c.Line], FromFormatted: t.lines[c.Line], To: t.Contacts[c.Contact], ToFormatted: t.contacts[c.Contact],
		Direction: kind.Direction, Status: kind.Status, Duration: int(c.Seconds), Agent: t.Agents[c.Agent], CreatedAt: c.Time(),
	}
	if kind.Direction == talkover.Inbound {
		whole.From, whole.To, whole.FromFormatted, whole.ToFormatted = whole.To, whole.From, whole.ToFormatted, whole.FromFormatted
	}
	if c.updated != 0 {
		whole.UpdatedAt = time.UnixMicro(c.updated).UTC()
	}
	for i, name := range unreadable {
		if c.unread&(1<<i) != 0 {
			whole.Unread = append(whole.Unread, name)
		}
	}
	return whole
}
