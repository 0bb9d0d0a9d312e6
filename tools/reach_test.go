package tools

import (
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/talkover/talkover-mcp/tools/answer"
)

// Text in an unexported field of an answer is found, since masking could not hide the numbers in it.
func TestMaskingReachesEveryStringOfAnAnswer(t *testing.T) {
	type inner struct{ note string }
	for name, test := range map[string]struct {
		answer any
		want   string
	}{
		"text":          {struct{ asked string }{}, "asked"},
		"text within":   {struct{ Inner []*inner }{}, "note"},
		"embedded":      {struct{ inner }{inner{note: ""}}, "note"},
		"anything":      {struct{ any any }{}, "any"},
		"a map":         {struct{ names map[string]int }{}, "names"},
		"numbers":       {struct{ next int }{}, ""},
		"words of ours": {struct{ thing answer.SafeText }{}, ""},
		"moments":       {struct{ At *time.Time }{}, ""},
		"exported text": {struct{ Name string }{}, ""},
	} {
		err := outOfReach(reflect.TypeOf(test.answer))
		if (err == nil) != (test.want == "") || err != nil && !strings.Contains(err.Error(), "reach "+test.want+" of") {
			t.Errorf("%s: %v, want %q", name, err, test.want)
		}
	}
	for _, c := range []answer.Cell{answer.ForeignText(""), answer.Phone(""), answer.Phones{}, answer.OpaqueID(""), answer.Count(0), answer.Seconds(0), answer.TestMark(false), answer.Decimal(0), answer.Figure{}, answer.Moment{}, instant{}} {
		if err := outOfReach(reflect.TypeOf(c)); err != nil {
			t.Error(err)
		}
	}
}

// No answer of a tool has such a field.
func TestMaskingReachesTheAnswersOfAllTools(t *testing.T) {
	tools := 0
	for _, r := range (Config{AllowCalls: true}).tools() {
		tools++
		if err := outOfReach(reflect.ValueOf(r).FieldByName("run").Type().Out(0)); err != nil {
			t.Error(err)
		}
	}
	if tools < 7 {
		t.Errorf("%d tools were looked at", tools)
	}
}

// outOfReach returns an error if a type has text in an unexported field, which hide could
// not set.
func outOfReach(t reflect.Type) error {
	switch {
	case t.ConvertibleTo(reflect.TypeFor[time.Time]()):
		return nil // the text of a moment is ours
	case t.Kind() == reflect.Pointer, t.Kind() == reflect.Slice, t.Kind() == reflect.Array:
		return outOfReach(t.Elem())
	case t.Kind() != reflect.Struct:
		return nil
	}
	for i := range t.NumField() {
		f := t.Field(i)
		if f.IsExported() || f.Anonymous {
			if err := outOfReach(f.Type); err != nil {
				return err
			}
			continue
		}
		// kinds before it are numbers
		if f.Type != reflect.TypeFor[answer.SafeText]() && f.Type.Kind() >= reflect.Array {
			return fmt.Errorf("masking does not reach %s of %s", f.Name, t)
		}
	}
	return nil
}
