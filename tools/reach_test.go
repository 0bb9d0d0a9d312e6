package tools

import (
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/talkover/talkover-mcp/tools/answer"
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
		"words of ours":  {struct{ thing answer.SafeText }{}, ""},
		"moments":        {struct{ At *time.Time }{}, ""},
		"exported text":  {struct{ Name string }{}, ""},
		"every tool has": {listCallsOutput{}, ""},
	} {
		err := answer.OutOfReach(reflect.TypeOf(test.answer))
		if (err == nil) != (test.want == "") || err != nil && !strings.Contains(err.Error(), "reach "+test.want+" of") {
			t.Errorf("%s: %v, want %q", name, err, test.want)
		}
	}
	for _, c := range []answer.Cell{answer.ForeignText(""), answer.Phone(""), answer.Phones{}, answer.OpaqueID(""), answer.Count(0), answer.Seconds(0), answer.TestMark(false), answer.Decimal(0), answer.Figure{}, answer.Minute{}, instant{}} {
		if err := answer.OutOfReach(reflect.TypeOf(c)); err != nil {
			t.Error(err)
		}
	}
}
