package tools

import (
	"fmt"
	"strings"
)

// demoNote stands in every answer of the demo.
const demoNote = "This is the demo account: every call in it is invented."

// frame says in every answer what to know of it: notes, the zone, and now.
type frame struct {
	Notes    []ours `json:"notes" jsonschema_description:"What to know before relying on this answer."`
	Timezone string `json:"timezone" jsonschema_description:"Zone of every time in this answer."`
	Now      ours   `json:"now"`

	masked bool
}

// frame begins the answer to a question.
func (q *question) frame() frame {
	f := frame{
		Notes:    []ours{},
		Timezone: q.zone.String(),
		Now:      ours(q.now.Format(nowForm)),
		masked:   q.masked,
	}
	if q.demo {
		f.note(demoNote)
	}
	if q.masked {
		f.note(maskNote)
	}
	return f
}

// note adds a note, which say makes.
func (f *frame) note(format string, args ...any) {
	f.Notes = append(f.Notes, say(f.masked, format, args...))
}

// writeNotes writes a line for each note.
func (f *frame) writeNotes(b *strings.Builder) {
	for _, note := range f.Notes {
		b.WriteString("Note: " + string(note) + "\n")
	}
}

// plural writes a number of things, such as "1 call" and "2 calls".
func plural(n int, one, many string) ours {
	if n == 1 {
		return ours("1 " + one)
	}
	return ours(fmt.Sprintf("%d %s", n, many))
}
