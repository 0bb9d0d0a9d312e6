package cache

import (
	"encoding/binary"
	"errors"
	"iter"
	"math"
	"time"
	"unsafe"

	"github.com/talkover/talkover-mcp/talkover"
)

// Columns holds calls in the order in which they were added, packed into 68 bytes
// each. What calls share stands once: statuses, agents, our own numbers, the forms
// of formatted numbers. It is never changed after [Builder.Columns] made it, so any
// number of readers may use it at once.
type Columns struct {
	rows       []byte
	statuses   []string
	directions []string
	agents     []talkover.Agent
	lines      []phone
	forms      []string // of formatted numbers, see form
	texts      []string // ids, SIDs and numbers that have no packed form
}

// phone is a phone number and how the API formats it.
type phone struct{ plain, formatted string }

// The fields of a row, by their first byte.
const (
	atID        = 0               // a UUID
	atSID       = atID + 16       // two characters and 32 hexadecimal digits
	atCreated   = atSID + 18      // microseconds since 1970
	atUpdated   = atCreated + 7   // microseconds since created
	atContact   = atUpdated + 6   // see packNumber
	atSeconds   = atContact + 8   // of talk
	atForm      = atSeconds + 3   // index of forms, for the contact
	atLine      = atForm + 2      // index of lines
	atAgent     = atLine + 3      // index of agents
	atStatus    = atAgent + 2     // index of statuses
	atFlags     = atStatus + 1    // see below
	width       = atFlags + 1 + 1 // and the index of directions
	atDirection = width - 1
)

// The bits of the flags of a row.
const (
	isTesting   = 1 << iota
	idIsText    // the id is an index of texts
	sidIsText   // likewise the SID
	noUpdated   // the call has no time of update
	noCreatedAt // the call has no time of creation
)

// textBit marks a contact that is an index of texts.
const textBit = 1 << 63

// ErrNoRoom says that a call has a value that columns cannot hold, such as a time
// before 1970. No call of a real log is known to.
var ErrNoRoom = errors.New("cache: the columns have no room for a value of this call")

// Len returns the number of calls.
func (c *Columns) Len() int { return len(c.rows) / width }

// Row returns the i-th call, for reading single fields without unpacking the rest.
func (c *Columns) Row(i int) Row { return Row{c, c.rows[i*width : (i+1)*width : (i+1)*width]} }

// Rows iterates over all calls in order.
func (c *Columns) Rows() iter.Seq[Row] {
	return func(yield func(Row) bool) {
		for i := range c.Len() {
			if !yield(c.Row(i)) {
				return
			}
		}
	}
}

// Statuses lists the values that the status indices of rows point to.
func (c *Columns) Statuses() []string { return c.statuses }

// Directions lists the values that the direction indices of rows point to.
func (c *Columns) Directions() []string { return c.directions }

// Agents lists the values that the agent indices of rows point to.
func (c *Columns) Agents() []talkover.Agent { return c.agents }

// Line returns the number that a line index of rows points to.
func (c *Columns) Line(i int) string { return c.lines[i].plain }

// Lines counts the numbers that the line indices of rows point to.
func (c *Columns) Lines() int { return len(c.lines) }

// Bytes accounts for the memory that the columns take.
func (c *Columns) Bytes() int {
	n := int(unsafe.Sizeof(*c)) + cap(c.rows)
	for _, list := range [][]string{c.statuses, c.directions, c.forms, c.texts} {
		for _, s := range list {
			n += int(unsafe.Sizeof(s)) + len(s)
		}
	}
	for _, a := range c.agents {
		n += int(unsafe.Sizeof(a)) + len(a.ID) + len(a.Name) + len(a.Label)
	}
	for _, l := range c.lines {
		n += int(unsafe.Sizeof(l)) + len(l.plain) + len(l.formatted)
	}
	return n
}

// Row is one call of [Columns].
type Row struct {
	c *Columns
	b []byte
}

// Created returns the moment of creation in microseconds since 1970.
func (r Row) Created() int64 {
	return int64(binary.LittleEndian.Uint64(r.b[atCreated:]) & (1<<56 - 1))
}

// Seconds returns the duration.
func (r Row) Seconds() int {
	return int(r.b[atSeconds]) | int(r.b[atSeconds+1])<<8 | int(r.b[atSeconds+2])<<16
}

// Status returns the index of the status in [Columns.Statuses].
func (r Row) Status() int { return int(r.b[atStatus]) }

// Direction returns the index of the direction in [Columns.Directions].
func (r Row) Direction() int { return int(r.b[atDirection]) }

// Agent returns the index of the agent in [Columns.Agents].
func (r Row) Agent() int { return int(binary.LittleEndian.Uint16(r.b[atAgent:])) }

// Line returns the index of our own number in [Columns.Line].
func (r Row) Line() int {
	return int(r.b[atLine]) | int(r.b[atLine+1])<<8 | int(r.b[atLine+2])<<16
}

// IsTesting reports whether it is a test call.
func (r Row) IsTesting() bool { return r.b[atFlags]&isTesting != 0 }

// ContactKey returns a number that tells the other party's number from any other
// of any columns. It reports false where the number has no such key; then only
// [Row.Contact] tells it.
func (r Row) ContactKey() (uint64, bool) {
	k := binary.LittleEndian.Uint64(r.b[atContact:])
	return k, k&textBit == 0
}

// Contact returns the other party's number.
func (r Row) Contact() string {
	k, ok := r.ContactKey()
	if ok {
		return unpackNumber(k)
	}
	return r.c.texts[k&^textBit]
}

// Call returns the whole call, as it was added.
func (r Row) Call() talkover.Call {
	c, flags := r.c, r.b[atFlags]
	call := talkover.Call{
		Status: c.statuses[r.Status()], Direction: c.directions[r.Direction()], Agent: c.agents[r.Agent()],
		Duration: r.Seconds(), IsTesting: flags&isTesting != 0,
	}
	if flags&idIsText != 0 {
		call.ID = c.texts[binary.LittleEndian.Uint32(r.b[atID:])]
	} else {
		call.ID = unpackUUID(r.b[atID:])
	}
	if flags&sidIsText != 0 {
		call.SID = c.texts[binary.LittleEndian.Uint32(r.b[atSID:])]
	} else {
		call.SID = unpackSID(r.b[atSID:])
	}
	if flags&noCreatedAt == 0 {
		call.CreatedAt = time.UnixMicro(r.Created()).UTC()
	}
	if flags&noUpdated == 0 {
		after := int64(binary.LittleEndian.Uint64(r.b[atUpdated-2:])) >> 16 // with its sign
		call.UpdatedAt = time.UnixMicro(r.Created() + after).UTC()
	}
	contact, line := r.Contact(), c.lines[r.Line()]
	formatted := applyForm(c.forms[binary.LittleEndian.Uint16(r.b[atForm:])], contact)
	call.From, call.FromFormatted, call.To, call.ToFormatted = line.plain, line.formatted, contact, formatted
	if call.Direction == inbound {
		call.From, call.FromFormatted, call.To, call.ToFormatted = call.To, call.ToFormatted, call.From, call.FromFormatted
	}
	return call
}

const inbound = "inbound"

// Builder packs calls into [Columns]. The zero value is ready for use.
type Builder struct {
	c          Columns
	statuses   map[string]int
	directions map[string]int
	agents     map[string]int
	lines      map[phone]int
	forms      map[string]int
	texts      map[string]int
}

// Len returns the number of calls so far.
func (b *Builder) Len() int { return b.c.Len() }

// Reset forgets all calls.
func (b *Builder) Reset() { *b = Builder{} }

// Columns returns the calls that were added. The Builder must not be used after.
func (b *Builder) Columns() *Columns {
	c := b.c
	c.rows = append(make([]byte, 0, len(c.rows)), c.rows...)
	return &c
}

// Add packs a call. An agent keeps the name and label that the first call with its
// id had, which in a log that is newest first are the latest. The error is
// [ErrNoRoom]; the call is then not added.
func (b *Builder) Add(call talkover.Call) error {
	var row [width]byte
	var flags byte
	contact, contactFormatted, line := call.To, call.ToFormatted, phone{call.From, call.FromFormatted}
	if call.Direction == inbound {
		contact, contactFormatted, line = call.From, call.FromFormatted, phone{call.To, call.ToFormatted}
	}
	status, ok1 := index(&b.statuses, &b.c.statuses, call.Status, call.Status, 1<<8)
	direction, ok2 := index(&b.directions, &b.c.directions, call.Direction, call.Direction, 1<<8)
	agent, ok3 := index(&b.agents, &b.c.agents, AgentKey(call.Agent), call.Agent, 1<<16)
	ours, ok4 := index(&b.lines, &b.c.lines, line, line, 1<<24)
	f := formOf(contact, contactFormatted)
	form, ok5 := index(&b.forms, &b.c.forms, f, f, 1<<16)
	if !ok1 || !ok2 || !ok3 || !ok4 || !ok5 || call.Duration < 0 || call.Duration >= 1<<24 {
		return ErrNoRoom
	}
	created := call.CreatedAt.UnixMicro()
	switch {
	case call.CreatedAt.IsZero():
		flags |= noCreatedAt
		created = 0
	case created < 0 || created >= 1<<55 || call.CreatedAt.Nanosecond()%1000 != 0:
		return ErrNoRoom
	}
	after := call.UpdatedAt.UnixMicro() - created
	switch {
	case call.UpdatedAt.IsZero():
		flags |= noUpdated
		after = 0
	case after < -1<<47 || after >= 1<<47 || call.UpdatedAt.Nanosecond()%1000 != 0:
		return ErrNoRoom
	}
	text := func(s string) uint32 {
		i, _ := index(&b.texts, &b.c.texts, s, s, math.MaxInt32)
		return uint32(i)
	}
	// Of two fields side by side the second is written later, over the zeros of the first.
	binary.LittleEndian.PutUint64(row[atUpdated:], uint64(after)&(1<<48-1))
	packed, ok := packNumber(contact)
	if !ok {
		packed = textBit | uint64(text(contact))
	}
	binary.LittleEndian.PutUint64(row[atContact:], packed)
	var time8 [8]byte
	binary.LittleEndian.PutUint64(time8[:], uint64(created))
	copy(row[atCreated:atUpdated], time8[:])
	if !packUUID(row[atID:], call.ID) {
		flags |= idIsText
		binary.LittleEndian.PutUint32(row[atID:], text(call.ID))
	}
	if !packSID(row[atSID:atCreated], call.SID) {
		flags |= sidIsText
		binary.LittleEndian.PutUint32(row[atSID:], text(call.SID))
	}
	row[atSeconds], row[atSeconds+1], row[atSeconds+2] = byte(call.Duration), byte(call.Duration>>8), byte(call.Duration>>16)
	binary.LittleEndian.PutUint16(row[atForm:], uint16(form))
	row[atLine], row[atLine+1], row[atLine+2] = byte(ours), byte(ours>>8), byte(ours>>16)
	binary.LittleEndian.PutUint16(row[atAgent:], uint16(agent))
	row[atStatus], row[atDirection] = byte(status), byte(direction)
	if call.IsTesting {
		flags |= isTesting
	}
	row[atFlags] = flags
	b.c.rows = append(b.c.rows, row[:]...)
	return nil
}

// AgentKey tells agents apart: by their id, or where there is none by what there
// is. It is empty for no agent.
func AgentKey(a talkover.Agent) string {
	for _, s := range []string{a.ID, a.Name, a.Label} {
		if s != "" {
			return s
		}
	}
	return ""
}

// index finds a value in a list by its key, or adds it while there are fewer than
// limit.
func index[K comparable, V any](at *map[K]int, list *[]V, key K, value V, limit int) (int, bool) {
	if i, ok := (*at)[key]; ok {
		return i, true
	}
	if len(*list) >= limit {
		return 0, false
	}
	if *at == nil {
		*at = map[K]int{}
	}
	(*at)[key] = len(*list)
	*list = append(*list, value)
	return len(*list) - 1, true
}
