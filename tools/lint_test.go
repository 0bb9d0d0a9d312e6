package tools_test

import (
	"context"
	"encoding/json"
	"strings"
	"testing"

	"github.com/mark3labs/mcp-go/mcp"
)

// closed is an object with the given properties.
func closed(properties string) string {
	return `{"type":"object","additionalProperties":false,"properties":{` + properties + `}}`
}

func TestLintNamesTheRuleThatIsBroken(t *testing.T) {
	for _, test := range []struct{ name, schema, arguments, answer string }{ // "" where it passes
		{"no JSON", `{`, "schema: unexpected end", "schema: unexpected end"},
		{"no schema", `true`, "schema: json: cannot unmarshal", "schema: json: cannot unmarshal"},
		{
			"a root that is no object", `{"type":"string"}`, "$: the root must be an object",
			"$: the root must be an object",
		},
		{
			"a root without a type", `{"additionalProperties":false}`, "$: the root must be an object",
			"$: the root must be an object",
		},
		{
			"an open object", `{"type":"object","properties":{}}`, "$: an object must be closed",
			"$: an object must be closed",
		},
		{
			"an object open by name", `{"type":"object","additionalProperties":true}`, "$: an object must be closed",
			"$: an object must be closed",
		},
		{
			"an object closed by a string", `{"type":"object","additionalProperties":"no"}`,
			"$: an object must be closed", "$: an object must be closed",
		},
		{
			"an open object within", closed(`"a":{"type":"object","description":"A.","properties":{}}`),
			"$.a: an object must be closed", "$.a: an object must be closed",
		},
		{
			"an open object in a list",
			closed(`"a":{"type":"array","description":"A.","items":{"type":"object","properties":{}}}`),
			"$.a[]: an object must be closed", "$.a[]: an object must be closed",
		},
		{
			"$schema", `{"$schema":"x","type":"object","additionalProperties":false}`, "$: $schema is not taken",
			"$: $schema is not taken",
		},
		{
			"$id", `{"$id":"x","type":"object","additionalProperties":false}`, "$: $id is not taken",
			"$: $id is not taken",
		},
		{
			"$defs", `{"$defs":{},"type":"object","additionalProperties":false}`, "$: $defs is not taken",
			"$: $defs is not taken",
		},
		{
			"$ref", closed(`"a":{"$ref":"#","type":"string","description":"A."}`), "$.a: $ref is not taken",
			"$.a: $ref is not taken",
		},
		{
			"const", closed(`"a":{"const":"x","type":"string","description":"A."}`), "$.a: const is not taken",
			"$.a: const is not taken",
		},
		{
			"oneOf", closed(`"a":{"oneOf":[],"type":"string","description":"A."}`), "$.a: oneOf is not taken",
			"$.a: oneOf is not taken",
		},
		{
			"anyOf", closed(`"a":{"anyOf":[],"type":"string","description":"A."}`), "$.a: anyOf is not taken",
			"$.a: anyOf is not taken",
		},
		{
			"allOf", closed(`"a":{"allOf":[],"type":"string","description":"A."}`), "$.a: allOf is not taken",
			"$.a: allOf is not taken",
		},
		{
			"not", closed(`"a":{"not":{},"type":"string","description":"A."}`), "$.a: not is not taken",
			"$.a: not is not taken",
		},
		{
			"nullable", closed(`"a":{"nullable":true,"type":"string","description":"A."}`),
			"$.a: nullable is not taken", "$.a: nullable is not taken",
		},
		{
			"two types", closed(`"a":{"type":["string","null"],"description":"A."}`), "$.a: type must be one of",
			"$.a: type must be one of",
		},
		{
			"the type null", closed(`"a":{"type":"null","description":"A."}`), "$.a: type must be one of",
			"$.a: type must be one of",
		},
		{"no type", closed(`"a":{"description":"A."}`), "$.a: type must be one of", "$.a: type must be one of"},
		{
			"an enum of integers", closed(`"a":{"type":"integer","enum":[1,2],"description":"A."}`),
			"$.a: enum is for strings only", "$.a: enum is for strings only",
		},
		{
			"an enum of strings for an integer", closed(`"a":{"type":"integer","enum":["1"],"description":"A."}`),
			"$.a: enum is for strings only", "$.a: enum is for strings only",
		},
		{
			"an enum with null", closed(`"a":{"type":"string","enum":["x",null],"description":"A."}`),
			"$.a: enum is for strings only", "$.a: enum is for strings only",
		},
		{
			"the format date", closed(`"a":{"type":"string","format":"date","description":"A."}`),
			"$.a: format date is not taken", "$.a: format date is not taken",
		},
		{
			"a class in a pattern", closed(`"a":{"type":"string","pattern":"^\\d$","description":"A."}`),
			"$.a: pattern: llama.cpp", "$.a: pattern: llama.cpp",
		},
		{
			"a pattern of a part", closed(`"a":{"type":"string","pattern":"[0-9]","description":"A."}`),
			"$.a: pattern: llama.cpp", "$.a: pattern: llama.cpp",
		},
		{
			"an escape in a pattern", closed(`"a":{"type":"string","pattern":"^a\\/b$","description":"A."}`),
			"$.a: pattern: llama.cpp", "$.a: pattern: llama.cpp",
		},
		{
			"a text too long for a grammar", closed(`"a":{"type":"string","maxLength":2001,"description":"A."}`),
			"$.a: maxLength is above 2000", "$.a: maxLength is above 2000",
		},
		{
			"a list too long for a grammar",
			closed(`"a":{"type":"array","items":{"type":"string"},"maxItems":5000,"description":"A."}`),
			"$.a: maxItems is above 2000", "$.a: maxItems is above 2000",
		},
		{
			"a look ahead", closed(`"a":{"type":"string","pattern":"^((?:a))$","description":"A."}`),
			"$.a: pattern: llama.cpp", "$.a: pattern: llama.cpp",
		},
		{
			"a pattern that does not compile", closed(`"a":{"type":"string","pattern":"(","description":"A."}`),
			"$.a: pattern: ", "$.a: pattern: ",
		},
		{
			"a property that is no schema", closed(`"a":true`), "$.a: must be a schema, not true",
			"$.a: must be a schema, not true",
		},
		{
			"a name with a space", closed(`"a b":{"type":"string","description":"A."}`), `$: "a b" is no plain name`,
			`$: "a b" is no plain name`,
		},
		{
			"a name of 65 letters", closed(`"` + strings.Repeat("a", 65) + `":{"type":"string","description":"A."}`),
			"is no plain name", "is no plain name",
		},
		{
			"a required name that is none",
			`{"type":"object","additionalProperties":false,"properties":{},"required":["a"]}`,
			"$: required a is no property", "$: required a is no property",
		},
		{
			"required by number", `{"type":"object","additionalProperties":false,"required":[1]}`,
			"$: required 1 is no property", "$: required 1 is no property",
		},
		{
			"a map of what is no schema", `{"type":"object","additionalProperties":{"type":"any"}}`,
			"$.*: type must be one of", "$.*: type must be one of",
		},

		// What answers need and arguments must not have.
		{
			"a list of anything", closed(`"a":{"type":"array","description":"A."}`),
			"$.a: an array must say what it holds", "",
		},
		{"an object of anything", `{"type":"object"}`, "$: an object must be closed", ""},
		{
			"a map", `{"type":"object","additionalProperties":{"type":"integer"}}`,
			"$: an object of arguments must be closed", "",
		},
		{"no description", closed(`"a":{"type":"string"}`), "$.a: an argument must be described", ""},
		{
			"an empty description", closed(`"a":{"type":"string","description":""}`),
			"$.a: an argument must be described", "",
		},

		// What arguments may have, and answers need not.
		{
			"an open object that says so",
			closed(`"a":{"type":"object","description":"A.","additionalProperties":true}`), "",
			"$.a: an object must be closed",
		},
		{
			"an open object with properties",
			closed(`"a":{"type":"object","description":"A.","additionalProperties":true,"properties":{}}`),
			"$.a: an object must be closed", "$.a: an object must be closed",
		},
		{
			"an open root", `{"type":"object","additionalProperties":true}`, "$: an object must be closed",
			"$: an object must be closed",
		},

		// What passes in both.
		{"no arguments", `{"type":"object","additionalProperties":false}`, "", ""},
		{"all that is taken", `{"type":"object","description":"All.","additionalProperties":false,"required":["a.b-C_1"],"properties":{
			"a.b-C_1":{"type":"string","description":"A.","enum":["x"],"default":"x","minLength":1,"maxLength":9,"pattern":"^x$"},
			"b":{"type":"integer","description":"B.","minimum":1,"maximum":9,"default":2},
			"c":{"type":"array","description":"C.","minItems":1,"maxItems":9,"items":{"type":"number"}},
			"d":{"type":"string","description":"D.","format":"date-time"},
			"e":{"type":"boolean","description":"E."},
			"` + strings.Repeat("a", 64) + `":{"type":"object","description":"F.","additionalProperties":false}}}`, "", ""},
	} {
		for role, want := range map[dialectRole]string{arguments: test.arguments, answers: test.answer} {
			err := lint([]byte(test.schema), role)
			if want == "" && err != nil || want != "" && (err == nil || !strings.Contains(err.Error(), want)) {
				t.Errorf("%s, role %d: got %v, want %q", test.name, role, err, want)
			}
		}
	}
}

func TestLintReportsEachBrokenRule(t *testing.T) {
	err := lint([]byte(`{"type":"object","$id":"x","properties":{"b":{"type":"array"},"a":{"type":"null"}}}`),
		arguments)
	const want = `schema: $: $id is not taken by all hosts
schema: $: an object must be closed
schema: $.a: an argument must be described
schema: $.a: type must be one of [object array string integer number boolean], not null
schema: $.b: an argument must be described
schema: $.b: an array must say what it holds`
	if err == nil || err.Error() != want {
		t.Errorf("got\n%v\nwant\n%s", err, want)
	}
}

// Every schema that hosts are told is of the dialect that all of them take.
func TestEverySchemaIsOfTheDialect(t *testing.T) {
	list, err := connect(t, account.Transport(), calling).ListTools(context.Background(), mcp.ListToolsRequest{})
	if err != nil || len(list.Tools) == 0 {
		t.Fatal(err)
	}
	for _, tool := range list.Tools {
		raw, err := json.Marshal(tool)
		if err != nil {
			t.Fatal(err)
		}
		var m struct{ InputSchema, OutputSchema json.RawMessage }
		if err := json.Unmarshal(raw, &m); err != nil {
			t.Fatal(err)
		}
		for role, schema := range map[dialectRole]json.RawMessage{arguments: m.InputSchema, answers: m.OutputSchema} {
			if err := lint(schema, role); err != nil {
				t.Errorf("%s: %v", tool.Name, err)
			}
		}
	}
}
