package tools

import (
	"reflect"
	"strings"
	"testing"
	"time"
)

// A tool whose answer has text in an unexported field cannot be registered, since
// masking could not hide the numbers in it.
func TestMaskingReachesEveryStringOfAnAnswer(t *testing.T) {
	type inner struct{ note string }
	for name, test := range map[string]struct {
		answer any
		want   string
	}{
		"text":           {struct{ asked string }{}, "asked"},
		"text within":    {struct{ Inner []*inner }{}, "note"},
		"embedded":       {struct{ inner }{inner{note: ""}}, "note"},
		"anything":       {struct{ any any }{}, "any"},
		"a map":          {struct{ names map[string]int }{}, "names"},
		"numbers":        {struct{ next int }{}, ""},
		"words of ours":  {struct{ thing ours }{}, ""},
		"moments":        {struct{ At *time.Time }{}, ""},
		"exported text":  {struct{ Name string }{}, ""},
		"every tool has": {listCallsOutput{}, ""},
	} {
		err := outOfReach(reflect.TypeOf(test.answer))
		if (err == nil) != (test.want == "") || err != nil && !strings.Contains(err.Error(), "reach "+test.want+" of") {
			t.Errorf("%s: %v, want %q", name, err, test.want)
		}
	}
	for _, c := range []cell{words(""), phone(""), phones{}, handle(""), count(0), seconds(0), testMark(false), decimal(0), figure{}, minute{}, instant{}} {
		if err := outOfReach(reflect.TypeOf(c)); err != nil {
			t.Error(err)
		}
	}
}
