package cache

import (
	"encoding/binary"
	"errors"
	"iter"
	"slices"
	"strconv"
	"strings"
	"time"
	"unsafe"

	"github.com/talkover/talkover-mcp/talkover"
)

// Columns holds calls in the order in which they were added, packed into 64 bytes
// each. What calls share stands once: statuses, agents, our own numbers, the forms
// of formatted numbers. It is never changed after [Builder.Columns] made it, so any
// number of readers may use it at once.
type Columns struct {
	rows       rows
	statuses   []string
	directions []string
	kinds      string // two bytes each: the indices of a status and of a direction
	agents     []talkover.Agent
	lines      []phone
	forms      []string // of formatted numbers, see form
	prefixes   []string // of SIDs
	texts      []string // ids, SIDs, numbers and times that have no packed form
}

// phone is a phone number and how the API formats it.
type phone struct{ plain, formatted string }

// The bits of the flags of a row.
const (
	isTesting   = 1 << iota
	idIsText    // the id is an index of texts
	sidIsText   // likewise the SID
	noUpdated   // the call has no time of update
	noCreatedAt // the call has no time of creation
	updatedFar  // it was updated so late or early that the microseconds are an index of texts
)

// textBit marks a contact that is an index of texts.
const textBit = 1 << 63

// ErrNoRoom says that a call has a value that columns cannot hold, such as a time
// before 1970. No call of a real log is known to.
var ErrNoRoom = errors.New("cache: the columns have no room for a value of this call")

// Len returns the number of calls.
func (c *Columns) Len() int { return c.rows.len() }

// Row returns the i-th call, for reading single fields without unpacking the rest.
func (c *Columns) Row(i int) Row { return Row{c, c.rows.at(i)} }

// Rows iterates over all calls in order.
func (c *Columns) Rows() iter.Seq[Row] {
	return func(yield func(Row) bool) {
		for _, chunk := range c.rows {
			for i := 0; i < len(chunk); i += width {
				if !yield(Row{c, chunk[i : i+width : i+width]}) {
					return
				}
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
	n := int(unsafe.Sizeof(*c)) + c.rows.bytes() + len(c.kinds)
	for _, list := range [][]string{c.statuses, c.directions, c.forms, c.prefixes, c.texts} {
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
func (r Row) Status() int { return int(r.c.kinds[2*int(r.b[atKind])]) }

// Direction returns the index of the direction in [Columns.Directions].
func (r Row) Direction() int { return int(r.c.kinds[2*int(r.b[atKind])+1]) }

// Agent returns the index of the agent in [Columns.Agents].
func (r Row) Agent() int { return int(binary.LittleEndian.Uint16(r.b[atAgent:])) }

// Line returns the index of our own number in [Columns.Line].
func (r Row) Line() int { return int(binary.LittleEndian.Uint16(r.b[atLine:])) }

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
		call.SID = c.prefixes[r.b[atSID]] + unpackSID(r.b[atSID+1:])
	}
	if flags&noCreatedAt == 0 {
		call.CreatedAt = time.UnixMicro(r.Created()).UTC()
	}
	switch {
	case flags&noUpdated != 0:
	case flags&updatedFar != 0:
		at, _ := strconv.ParseInt(c.texts[binary.LittleEndian.Uint32(r.b[atUpdated:])], 10, 64)
		call.UpdatedAt = time.UnixMicro(at).UTC()
	default:
		after := int64(binary.LittleEndian.Uint64(r.b[atUpdated-3:])) >> 24 // with its sign
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

// gather puts all texts into one piece of memory, and the lists of them into another. Each
// would else hold a page of what the answers of the API were decoded into.
func (c *Columns) gather() {
	lists := []*[]string{&c.statuses, &c.directions, &c.forms, &c.prefixes, &c.texts}
	var all strings.Builder
	var texts []*string
	add := func(s *string) {
		texts = append(texts, s)
		all.WriteString(*s)
	}
	n := 0
	for _, list := range lists {
		n += len(*list)
	}
	slab := make([]string, 0, n)
	for _, list := range lists {
		from := len(slab)
		slab = append(slab, *list...)
		*list = slab[from:len(slab):len(slab)]
	}
	for i := range slab {
		add(&slab[i])
	}
	add(&c.kinds)
	c.agents, c.lines = slices.Clone(c.agents), slices.Clone(c.lines)
	for i := range c.agents {
		a := &c.agents[i]
		add(&a.ID)
		add(&a.Name)
		add(&a.Label)
	}
	for i := range c.lines {
		add(&c.lines[i].plain)
		add(&c.lines[i].formatted)
	}
	rest := strings.Clone(all.String())
	for _, s := range texts {
		*s, rest = rest[:len(*s)], rest[len(*s):]
	}
}
