package tools

import (
	"reflect"
	"strings"
	"time"

	"github.com/talkover/talkover-mcp/talkover"
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

// newFrame begins an answer at a moment in its zone.
func newFrame(now time.Time, demo, masked bool, ignored []string) frame {
	f := frame{
		Notes:    []ours{},
		Timezone: now.Location().String(),
		Now:      ours(now.Format(nowForm)),
		masked:   masked,
	}
	if demo {
		f.note(demoNote)
	}
	if masked {
		f.note(maskNote)
	}
	if len(ignored) > 0 {
		f.note("Left aside, for the host adds it and this tool does not take it: %s.", ours(strings.Join(ignored, ", ")))
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

// noneNull makes each list that is nil in what v points to an empty one, since clients check
// answers against schemas in which a list is never null.
func noneNull(v reflect.Value) {
	switch v.Kind() {
	case reflect.Pointer:
		if !v.IsNil() {
			noneNull(v.Elem())
		}
	case reflect.Slice:
		if v.IsNil() && v.CanSet() && v.Type().Elem().Kind() != reflect.Uint8 {
			v.Set(reflect.MakeSlice(v.Type(), 0, 0))
		}
		if k := v.Type().Elem().Kind(); k == reflect.Struct || k == reflect.Slice || k == reflect.Pointer {
			for i := range v.Len() {
				noneNull(v.Index(i))
			}
		}
	case reflect.Struct:
		for i := range v.NumField() {
			if f := v.Type().Field(i); f.IsExported() || f.Anonymous {
				noneNull(v.Field(i))
			}
		}
	}
}

// plural writes a number of things, such as "1 call" and "2 calls".
func plural(n int, one, many ours) ours { return ours(talkover.Plural(n, string(one), string(many))) }

// every writes all of a number of things, such as "the one call" and "all 2 calls".
func every(n int, one, many ours) ours {
	if n == 1 {
		return "the one " + one
	}
	return "all " + plural(n, one, many)
}
