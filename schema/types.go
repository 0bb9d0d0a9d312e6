package schema

import (
	"encoding/json"
	"fmt"
	"time"

	"github.com/invopop/jsonschema"
)

// Checker is implemented by types of strings that have rules of their own. Check gets
// today's UTC day, YYYY-MM-DD; its error says what would be right.
type Checker interface{ Check(today string) error }

// Speller is implemented by types of strings that forgive more than the case of a value.
// Spell returns a value as its schema has it, or unchanged.
type Speller interface{ Spell(value string) string }

// Date is a day of the calendar, YYYY-MM-DD. Dates compare as strings.
type Date string

// JSONSchema implements the hook of invopop/jsonschema. It gives a pattern, which all
// hosts take: a `format` makes Gemini refuse the whole list of tools, and \d makes llama.cpp.
func (Date) JSONSchema() *jsonschema.Schema {
	return &jsonschema.Schema{Type: "string", Pattern: `^[0-9]{4}-[0-9]{2}-[0-9]{2}$`}
}

// Spell implements [Speller]. It takes 20261104 for 2026-11-04.
func (Date) Spell(value string) string {
	if t, err := time.Parse("20060102", value); err == nil {
		return t.Format(time.DateOnly)
	}
	return value
}

// Time returns the first moment of the day in UTC. It is zero for no date, and for what is
// none, which [Input.Decode] refuses.
func (d Date) Time() time.Time {
	if d == "" { // an error of Parse costs more than the rest
		return time.Time{}
	}
	t, _ := time.Parse(time.DateOnly, string(d)) // zero with an error
	return t
}

// Check implements [Checker].
func (d Date) Check(today string) error {
	_, err := time.Parse(time.DateOnly, string(d))
	if err == nil {
		return nil
	}
	what := "is not a date"
	if len(d) == len(time.DateOnly) && d[4] == '-' && d[7] == '-' {
		what = "is not a day of the calendar"
	}
	return fmt.Errorf("%s %s; give YYYY-MM-DD (today is %s, UTC)", quote(string(d)), what, today)
}

// Object is a JSON object that is passed on as it came, in compact form; at most 16 KiB.
// It is nil if none is given.
type Object json.RawMessage

// JSONSchema implements the hook of invopop/jsonschema. No other type makes an open
// object of arguments.
func (Object) JSONSchema() *jsonschema.Schema {
	return &jsonschema.Schema{Type: "object", AdditionalProperties: jsonschema.TrueSchema}
}

// MarshalJSON implements [json.Marshaler].
func (o Object) MarshalJSON() ([]byte, error) { return json.RawMessage(o).MarshalJSON() }
