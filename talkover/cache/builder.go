package cache

import (
	"encoding/binary"
	"math"
	"strconv"
	"strings"

	"github.com/talkover/talkover-mcp/talkover"
)

// Builder packs calls into [Columns]. The zero value is ready for use.
type Builder struct {
	c          Columns
	statuses   map[string]int
	directions map[string]int
	kinds      map[string]int
	kindList   []string
	agents     map[string]int
	lines      map[phone]int
	forms      map[string]int
	prefixes   map[string]int
	texts      map[string]int
}

// Len returns the number of calls so far.
func (b *Builder) Len() int { return b.c.Len() }

// Reset forgets all calls.
func (b *Builder) Reset() { *b = Builder{} }

// Columns returns the calls that were added. The Builder must not be used after.
func (b *Builder) Columns() *Columns {
	c := b.c
	c.rows.clip()
	c.kinds = strings.Join(b.kindList, "")
	c.gather()
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
	k := string([]byte{byte(status), byte(direction)})
	kind, ok6 := index(&b.kinds, &b.kindList, k, k, 1<<8)
	agent, ok3 := index(&b.agents, &b.c.agents, AgentKey(call.Agent), call.Agent, 1<<16)
	ours, ok4 := index(&b.lines, &b.c.lines, line, line, 1<<16)
	f := formOf(contact, contactFormatted)
	form, ok5 := index(&b.forms, &b.c.forms, f, f, 1<<16)
	if !ok1 || !ok2 || !ok3 || !ok4 || !ok5 || !ok6 || call.Duration < 0 || call.Duration >= 1<<24 {
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
	case call.UpdatedAt.Nanosecond()%1000 != 0 || call.UpdatedAt.Year() < 0 || call.UpdatedAt.Year() > 9999:
		return ErrNoRoom
	case after < -1<<39 || after >= 1<<39:
		flags |= updatedFar
	}
	text := func(s string) uint32 {
		i, _ := index(&b.texts, &b.c.texts, s, s, math.MaxInt32)
		return uint32(i)
	}
	// Of two fields side by side the second is written later, over the zeros of the first.
	if flags&updatedFar != 0 {
		after = int64(text(strconv.FormatInt(call.UpdatedAt.UnixMicro(), 10)))
	}
	binary.LittleEndian.PutUint64(row[atUpdated:], uint64(after)&(1<<40-1))
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
	if !b.packSID(row[atSID:atCreated], call.SID) {
		flags |= sidIsText
		binary.LittleEndian.PutUint32(row[atSID:], text(call.SID))
	}
	row[atSeconds], row[atSeconds+1], row[atSeconds+2] = byte(call.Duration), byte(call.Duration>>8), byte(call.Duration>>16)
	binary.LittleEndian.PutUint16(row[atForm:], uint16(form))
	binary.LittleEndian.PutUint16(row[atLine:], uint16(ours))
	binary.LittleEndian.PutUint16(row[atAgent:], uint16(agent))
	row[atKind] = byte(kind)
	if call.IsTesting {
		flags |= isTesting
	}
	row[atFlags] = flags
	b.c.rows.add(row[:])
	return nil
}

// packSID packs two characters and 32 hexadecimal digits, the SIDs of the one telephony
// provider that is known.
func (b *Builder) packSID(into []byte, sid string) bool {
	if len(sid) != 34 || !packHex(into[1:], sid[2:]) {
		return false
	}
	prefix, ok := index(&b.prefixes, &b.c.prefixes, sid[:2], sid[:2], 1<<8)
	into[0] = byte(prefix)
	return ok
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
