package schema_test

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/talkover/talkover-mcp/schema"
)

// The words and bounds of the tags are there, embedded fields stand beside the
// others, and there is nothing else.
func TestInputIsAdvertisedWhole(t *testing.T) {
	const want = `{"properties":{` +
		`"date_from":{"type":"string","pattern":"^[0-9]{4}-[0-9]{2}-[0-9]{2}$","description":"First day."},` +
		`"date_to":{"type":"string","pattern":"^[0-9]{4}-[0-9]{2}-[0-9]{2}$","description":"Last day."},` +
		`"status":{"type":"string","enum":["completed","failed","no-answer"],"description":"Status."},` +
		`"search":{"type":"string","maxLength":10,"description":"Part of a number."},` +
		`"per_page":{"type":"integer","maximum":100,"minimum":1,"description":"Calls on a page.","default":20},` +
		`"page":{"type":"integer","minimum":1,"description":"Page number."},` +
		`"offset":{"type":"integer","maximum":9,"description":"Offset."},` +
		`"seed":{"type":"integer","description":"Any number."},` +
		`"is_testing":{"type":"boolean","description":"Only test calls."},` +
		`"group_by":{"items":{"type":"string","enum":["day","agent","status"]},"type":"array","maxItems":2,"description":"Groups."},` +
		`"tags":{"items":{"type":"string"},"type":"array","description":"Words."}` +
		`},"additionalProperties":false,"type":"object"}`
	in := newInput[arguments](t)
	if diff := cmp.Diff(want, string(in.JSON())); diff != "" {
		t.Error("(-want +got)\n" + diff)
	}
	if again := newInput[arguments](t).JSON(); !bytes.Equal(in.JSON(), again) {
		t.Errorf("a second reflection differs:\n%s\n%s", in.JSON(), again)
	}
}

func TestOutputIsInlined(t *testing.T) {
	type count struct {
		Name string `json:"name"`
		N    int    `json:"n"`
	}
	type frame struct {
		Now time.Time `json:"now"`
	}
	type answer struct {
		frame
		Matched *int           `json:"matched,omitempty" jsonschema_description:"Missing if unknown."`
		First   count          `json:"first"`
		Counts  []count        `json:"counts"`
		Rows    [][]string     `json:"rows"`
		Next    map[string]any `json:"next,omitempty"`
	}
	const one = `{"properties":{"name":{"type":"string"},"n":{"type":"integer"}},"additionalProperties":false,"type":"object","required":["name","n"]}`
	const want = `{"properties":{"now":{"type":"string","format":"date-time"},` +
		`"matched":{"type":"integer","description":"Missing if unknown."},"first":` + one +
		`,"counts":{"items":` + one + `,"type":"array"},"rows":{"items":{"items":{"type":"string"},"type":"array"},"type":"array"},"next":{"type":"object"}},` +
		`"additionalProperties":false,"type":"object","required":["now","first","counts","rows"]}`
	got := schema.Output[answer]()
	if diff := cmp.Diff(want, string(got)); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	if again := schema.Output[answer](); !bytes.Equal(got, again) {
		t.Errorf("a second reflection differs:\n%s\n%s", got, again)
	}
}

func refusedInput[T any](t *testing.T, want string) {
	t.Helper()
	defer func() {
		if p := recover(); !strings.Contains(fmt.Sprint(p), want) {
			t.Errorf("%T: %v, want %q", *new(T), p, want)
		}
	}()
	schema.NewInput[T]()
}

// A field that Decode could not fill would fail, or panic, on a model's call.
func TestNewInputRefusesWhatDecodeCannotFill(t *testing.T) {
	refusedInput[struct {
		A float64 `json:"a" jsonschema_description:"A."`
	}](t, "schema: a: ")
	refusedInput[struct {
		A uint `json:"a" jsonschema_description:"A."`
	}](t, "schema: a: ")
	refusedInput[struct {
		A *string `json:"a" jsonschema_description:"A."`
	}](t, "schema: a: ")
	refusedInput[struct {
		A []int `json:"a" jsonschema_description:"A."`
	}](t, "schema: a: ")
	refusedInput[struct {
		A map[string]any `json:"a" jsonschema_description:"A."`
	}](t, "schema: a: ")
	refusedInput[struct {
		A time.Time `json:"a" jsonschema_description:"A."`
	}](t, "schema: a: ")
	refusedInput[struct {
		A struct {
			B string `json:"b" jsonschema_description:"B."`
		} `json:"a" jsonschema_description:"A."`
	}](t, "schema: a: ")
}
