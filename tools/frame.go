package tools

import (
	"fmt"
	"strings"
)

const demoNote = "This is the demo account: every call in it is invented."

// frame is what every answer says of itself.
type frame struct {
	Notes    []string `json:"notes" jsonschema_description:"What to know before relying on this answer."`
	Timezone string   `json:"timezone" jsonschema_description:"Zone of every time in this answer."`
	Now      string   `json:"now"`
}

const (
	minuteForm = "2006-01-02 15:04"
	nowForm    = "Mon 2006-01-02 15:04"
)

// frame opens an answer given now.
func (c Config) frame() frame {
	f := frame{
		Notes:    []string{},
		Timezone: c.Zone.String(),
		Now:      c.Now().In(c.Zone).Format(nowForm),
	}
	if c.Demo {
		f.note(demoNote)
	}
	if c.MaskNumbers {
		f.note(maskNote)
	}
	return f
}

func (f *frame) note(format string, args ...any) {
	f.Notes = append(f.Notes, fmt.Sprintf(format, args...))
}

// writeNotes writes the notes as text shows them, a line each.
func (f *frame) writeNotes(b *strings.Builder) {
	for _, note := range f.Notes {
		b.WriteString("Note: " + note + "\n")
	}
}

func plural(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, many)
}
