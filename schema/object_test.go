package schema_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/talkover/talkover-mcp/schema"
)

type order struct {
	To      string        `json:"to" jsonschema_description:"Number."`
	Mood    string        `json:"mood,omitempty" jsonschema:"enum=calm,enum=brisk" jsonschema_description:"Mood."`
	Payload schema.Object `json:"payload,omitempty" jsonschema_description:"Values."`
}

func TestAnObjectIsPassedOnAsItCame(t *testing.T) {
	in := newInput[order](t)
	const want = `{"properties":{"to":{"type":"string","description":"Number."},` +
		`"mood":{"type":"string","enum":["calm","brisk"],"description":"Mood."},` +
		`"payload":{"additionalProperties":true,"type":"object","description":"Values."}},"additionalProperties":false,"type":"object","required":["to"]}`
	if diff := cmp.Diff(want, string(in.JSON())); diff != "" {
		t.Error("(-want +got)\n" + diff)
	}
	for payload, want := range map[string]string{
		`{"b": 1.50, "a": {"x": [1, null]}}`: `{"b":1.50,"a":{"x":[1,null]}}`,
		`"{\"a\":1}"`:                        `{"a":1}`, // as models send it, too
		`[{"a":1}]`:                          `{"a":1}`,
		`{}`:                                 "",
		`[]`:                                 "", // as PHP writes it
		`"{}"`:                               "",
		`""`:                                 "",
		`null`:                               "",
	} {
		got, err := in.Decode(json.RawMessage(`{"to":"x","payload":`+payload+`}`), today)
		if err != nil || string(got.Payload) != want || want == "" && got.Payload != nil {
			t.Errorf("%s: %s, %v; want %s", payload, got.Payload, err, want)
		}
		if again, err := json.Marshal(got); err != nil || want != "" && !strings.Contains(string(again), want) {
			t.Errorf("%s is written as %s, %v", payload, again, err)
		}
	}
	for payload, want := range map[string]string{
		`[1]`:                 "must be an object, such as {\"name\": \"Ann\"}, not a list",
		`[{"a":1},{"b":2}]`:   "not a list",
		`7`:                   "not a number",
		`true`:                "not true",
		`"x"`:                 "not a valid JSON object",
		`"[1]"`:               "not a list",
		`{"a":{"b":1,"b":2}}`: "given twice",
		`{"a":"` + strings.Repeat("x", 16<<10) + `"}`: "give at most 16384",
	} {
		_, err := in.Decode(json.RawMessage(`{"to":"x","payload":`+payload+`}`), today)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%.40s: %v", payload, err)
		}
	}
}

func TestAListOfNothingIsMissingWhereItIsNeeded(t *testing.T) {
	for _, to := range []string{`[""]`, `[null]`, `" "`} {
		if _, err := newInput[order](t).Decode(json.RawMessage(`{"to":`+to+`}`), today); err == nil || !strings.Contains(err.Error(), "to: it is missing") {
			t.Errorf("%s: %v", to, err)
		}
	}
}

func TestArgumentsForPeople(t *testing.T) {
	want := []schema.Argument{
		{Name: "to", Description: "Number.", Required: true},
		{Name: "mood", Description: "Mood.", Options: []string{"calm", "brisk"}},
		{Name: "payload", Description: "Values."},
	}
	if diff := cmp.Diff(want, newInput[order](t).Arguments()); diff != "" {
		t.Error("(-want +got)\n" + diff)
	}
}
