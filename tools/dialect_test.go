package tools_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
)

// dialectRole says which side of a tool a schema describes.
type dialectRole int

// The roles of a schema.
const (
	arguments dialectRole = iota // of a tool call: written by models, read by hosts
	answers                      // structured content: written by us, checked by clients
)

// keywords lists the keywords that all hosts take. Any other, such as $ref, const, oneOf
// or nullable, makes at least one host refuse the tool; Gemini then refuses the whole
// list.
var keywords = map[string]bool{
	"type": true, "description": true, "properties": true, "required": true,
	"additionalProperties": true, "items": true, "enum": true, "default": true,
	"minimum": true, "maximum": true, "maxLength": true, "minLength": true,
	"pattern": true, "maxItems": true, "minItems": true, "format": true,
}

// types lists the types that a value may have.
var types = []string{"object", "array", "string", "integer", "number", "boolean"}

// propertyName matches the names of properties that Anthropic's API takes.
var propertyName = regexp.MustCompile(`^[a-zA-Z0-9_.-]{1,64}$`)

// plainPattern matches the patterns of which llama.cpp makes a grammar: those of a whole value,
// without escapes, which it copies unread, and without groups that look around. It refuses the
// whole list of tools over any other, and over a repetition above mostRepeated.
var plainPattern = regexp.MustCompile(`^\^([^\\(]|\(+[^?(\\])*\$$`)

const mostRepeated = 2000

// lint checks a schema against the rules that hosts of Claude, OpenAI and Gemini enforce
// between them. The error has a line for each rule that is broken:
//
//   - an object at the root, closed (additionalProperties: false) at every level;
//   - one type for each value, as a string; every array says what it holds;
//   - no $schema, $id, $ref, $defs, const, oneOf, anyOf, allOf, not, nullable;
//   - enum for strings only, format for date-time only, patterns that compile and that llama.cpp takes;
//   - properties with plain names, and for arguments with a description each;
//   - required names that exist.
//
// An object of arguments may be open if it says so (additionalProperties: true) and names
// no property: it is passed on. In an answer an object may be a map (additionalProperties:
// a schema). There an object or a list may also leave open what it holds, which repeated
// arguments and tables of mixed columns need.
func lint(schema json.RawMessage, role dialectRole) error {
	var root map[string]any
	if err := json.Unmarshal(schema, &root); err != nil {
		return fmt.Errorf("schema: %w", err)
	}
	l := linter{role: role}
	if root["type"] != "object" {
		l.report("$", "the root must be an object")
	}
	l.check("$", root)
	return errors.Join(l.errors...)
}

// linter collects the rules that a schema breaks.
type linter struct {
	role   dialectRole
	errors []error
}

// report adds a broken rule, at a path such as $.rows[].sid.
func (l *linter) report(at, format string, args ...any) {
	l.errors = append(l.errors, fmt.Errorf("schema: %s: %s", at, fmt.Sprintf(format, args...)))
}

// sub checks a value that must itself be a schema.
func (l *linter) sub(at string, value any) {
	if m, ok := value.(map[string]any); ok {
		l.check(at, m)
		return
	}
	l.report(at, "must be a schema, not %v", value)
}

// check checks the schema of one value, and of those within.
func (l *linter) check(at string, s map[string]any) {
	for _, k := range slices.Sorted(maps.Keys(s)) {
		if !keywords[k] {
			l.report(at, "%s is not taken by all hosts", k)
		}
	}
	kind, _ := s["type"].(string)
	if !slices.Contains(types, kind) {
		l.report(at, "type must be one of %v, not %v", types, s["type"])
	}
	if enum, ok := s["enum"].([]any); ok {
		if kind != "string" || slices.ContainsFunc(enum, func(v any) bool { _, ok := v.(string); return !ok }) {
			l.report(at, "enum is for strings only")
		}
	}
	if f, ok := s["format"]; ok && f != "date-time" {
		l.report(at, "format %v is not taken by all hosts; use a pattern", f)
	}
	if p, ok := s["pattern"].(string); ok {
		if _, err := regexp.Compile(p); err != nil {
			l.report(at, "pattern: %v", err)
		}
		if !plainPattern.MatchString(p) {
			l.report(at, `pattern: llama.cpp takes those from ^ to $, without \ and (?`)
		}
	}
	for _, k := range []string{"maxLength", "maxItems"} {
		if n, _ := s[k].(float64); n > mostRepeated {
			l.report(at, "%s is above %d, the most that llama.cpp takes", k, mostRepeated)
		}
	}
	switch kind {
	case "object":
		l.object(at, s)
	case "array":
		if items, ok := s["items"]; ok {
			l.sub(at+"[]", items)
		} else if l.role == arguments {
			l.report(at, "an array must say what it holds")
		}
	}
}

// object checks what holds of objects alone.
func (l *linter) object(at string, s map[string]any) {
	switch more := s["additionalProperties"].(type) {
	case nil:
		if l.role == arguments || s["properties"] != nil {
			l.report(at, "an object must be closed")
		}
	case bool:
		if more && (l.role != arguments || at == "$" || s["properties"] != nil) {
			l.report(at, "an object must be closed")
		}
	case map[string]any:
		if l.role == arguments {
			l.report(at, "an object of arguments must be closed")
		}
		l.check(at+".*", more)
	default:
		l.report(at, "an object must be closed")
	}
	properties, _ := s["properties"].(map[string]any)
	for _, name := range slices.Sorted(maps.Keys(properties)) {
		if !propertyName.MatchString(name) {
			l.report(at, "%q is no plain name", name)
		}
		p, _ := properties[name].(map[string]any)
		if d, _ := p["description"].(string); d == "" && l.role == arguments {
			l.report(at+"."+name, "an argument must be described")
		}
		l.sub(at+"."+name, properties[name])
	}
	required, _ := s["required"].([]any)
	for _, name := range required {
		if n, ok := name.(string); !ok || properties[n] == nil {
			l.report(at, "required %v is no property", name)
		}
	}
}
