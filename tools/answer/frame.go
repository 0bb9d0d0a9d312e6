package answer

import (
	"reflect"
	"strings"
	"time"

	"github.com/talkover/talkover-mcp/talkover"
)

// DemoNote stands in every answer of the demo.
const DemoNote = "This is the demo account: every call in it is invented."

// Frame says in every answer what to know of it: notes, the zone, and now.
type Frame struct {
	Notes    []SafeText `json:"notes" desc:"What to know before relying on this answer."`
	Timezone string     `json:"timezone" desc:"Zone of every time in this answer."`
	Now      SafeText   `json:"now"`

	masked bool
}

// NewFrame begins an answer at a moment in its zone.
func NewFrame(now time.Time, demo, masked bool, ignored []string) Frame {
	f := Frame{
		Notes:    []SafeText{},
		Timezone: now.Location().String(),
		Now:      SafeText(now.Format(NowForm)),
		masked:   masked,
	}
	if demo {
		f.Note(DemoNote)
	}
	if masked {
		f.Note(maskNote)
	}
	if len(ignored) > 0 {
		f.Note("Left aside, for the host adds it and this tool does not take it: %s.",
			SafeText(strings.Join(ignored, ", ")))
	}
	return f
}

// Note adds a note, which say makes.
func (f *Frame) Note(format string, args ...any) {
	f.Notes = append(f.Notes, Say(f.masked, format, args...))
}

// WriteNotes writes a line for each note.
func (f *Frame) WriteNotes(b *strings.Builder) {
	for _, note := range f.Notes {
		b.WriteString("Note: " + string(note) + "\n")
	}
}

// NoneNull makes each list that is nil in what v points to an empty one, since clients check
// answers against schemas in which a list is never null.
func NoneNull(v reflect.Value) {
	switch v.Kind() {
	case reflect.Pointer:
		if !v.IsNil() {
			NoneNull(v.Elem())
		}
	case reflect.Slice:
		if v.IsNil() && v.CanSet() && v.Type().Elem().Kind() != reflect.Uint8 {
			v.Set(reflect.MakeSlice(v.Type(), 0, 0))
		}
		if k := v.Type().Elem().Kind(); k == reflect.Struct || k == reflect.Slice || k == reflect.Pointer {
			for i := range v.Len() {
				NoneNull(v.Index(i))
			}
		}
	case reflect.Struct:
		for i := range v.NumField() {
			if f := v.Type().Field(i); f.IsExported() || f.Anonymous {
				NoneNull(v.Field(i))
			}
		}
	}
}

// Plural writes a number of things, such as "1 call" and "2 calls".
func Plural(n int, one, many SafeText) SafeText {
	return SafeText(talkover.Plural(n, string(one), string(many)))
}

// Every writes all of a number of things, such as "the one call" and "all 2 calls".
func Every(n int, one, many SafeText) SafeText {
	if n == 1 {
		return "the one " + one
	}
	return "all " + Plural(n, one, many)
}
