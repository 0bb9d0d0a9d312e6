// Package exam holds what the tools are examined with: two accounts, and questions in plain
// words about them, whose answers are known.
//
// A question is a file of tools/testdata/exam. It has the prompt, the calls that answer it,
// and its facts. The tests of this package compute the facts from the raw rows of the API,
// with arithmetic of their own: they import neither the statistics of the product nor its
// cache. They hold the files against them, then let the tools answer the calls, and look for
// each fact in both halves of the answers.
//
// The files are tasks of mcpchecker too, as far as its fields go, so whoever has a model can
// let that answer. docs/exam.md says how.
package exam

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"go.yaml.in/yaml/v4"
)

// zoneName names the zone of whoever asks. Questions that mean another one say so.
const zoneName = "America/New_York"

// Zone returns the zone of whoever asks.
func Zone() *time.Location {
	z, err := time.LoadLocation(zoneName)
	if err != nil {
		panic(err) // the machine has no time zones
	}
	return z
}

// BusinessHours are those of whoever asks.
const BusinessHours = "Mon-Fri 09:00-17:30, Sat 10-14"

// Now is the moment at which all questions are asked; a Thursday.
var Now = time.Date(2026, 11, 5, 18, 0, 0, 0, time.UTC)

// Clock returns a clock that shows [Now], and goes on from there.
func Clock() func() time.Time {
	start := time.Now()
	return func() time.Time { return Now.Add(time.Since(start)) }
}

// Question holds one file. The first four fields are those of a task of mcpchecker, which
// passes over the others.
type Question struct {
	Kind       string   `yaml:"kind"`
	APIVersion string   `yaml:"apiVersion"`
	Metadata   Metadata `yaml:"metadata"`
	Spec       Spec     `yaml:"spec"`

	// Calls answer the question: in each a tool, a space, and its arguments as JSON.
	// There is none where the tools cannot tell the answer.
	Calls []string `yaml:"calls,omitempty"`

	// Facts must be found in the answers to the calls. go generate writes them.
	Facts Facts `yaml:"facts"`
}

// Metadata names a question, and labels it with its account: demo or large.
type Metadata struct {
	Name       string            `yaml:"name"`
	Difficulty string            `yaml:"difficulty"`
	Labels     map[string]string `yaml:"labels,flow"`
}

// Spec holds what a model is asked, and what its answer must say.
type Spec struct {
	Prompt struct {
		Inline string `yaml:"inline"`
	} `yaml:"prompt"`
	Verify []Verify `yaml:"verify"`
}

// Verify tells a judge what the answer must contain.
type Verify struct {
	LLMJudge struct {
		Contains string `yaml:"contains"`
	} `yaml:"llmJudge"`
}

// Facts holds what is true. Rates are fractions of 1, to four digits; means have one digit.
type Facts struct {
	// Unknowable says what cannot be told from a call log. The other fields are empty then.
	Unknowable string `yaml:"unknowable,omitempty"`

	// Windows has the bounds of the two windows of a comparison, as clocks show them: from
	// and to, previous_from and previous_to. An end is the first moment after it.
	Windows map[string]string `yaml:"windows,omitempty,flow"`

	Totals   map[string]float64 `yaml:"totals,omitempty,flow"`
	Previous map[string]float64 `yaml:"previous,omitempty,flow"` // of the other window
	Change   map[string]float64 `yaml:"change,omitempty,flow"`   // from that to this one

	Found   *int  `yaml:"found,omitempty"`   // calls that fit
	Rows    []Row `yaml:"rows,omitempty"`    // each must stand in a row of the table
	Ordered bool  `yaml:"ordered,omitempty"` // the table begins with Rows, in this order
	Whole   bool  `yaml:"whole,omitempty"`   // the table has no other rows
	Call    Row   `yaml:"call,omitempty,flow"`
}

// Row holds cells by column.
type Row map[string]any

// MarshalYAML implements [yaml.Marshaler]: a row takes one line.
func (r Row) MarshalYAML() (any, error) {
	var n yaml.Node
	if err := n.Encode(map[string]any(r)); err != nil {
		return nil, err
	}
	n.Style = yaml.FlowStyle
	return &n, nil
}

// Read reads the questions of a folder, in the order of their file names.
func Read(folder string) ([]Question, error) {
	files, err := filepath.Glob(filepath.Join(folder, "*.yaml"))
	if err != nil {
		return nil, err
	}
	var all []Question
	for _, file := range files {
		b, err := os.ReadFile(file)
		if err != nil {
			return nil, err
		}
		var q Question
		d := yaml.NewDecoder(bytes.NewReader(b))
		d.KnownFields(true)
		if err := d.Decode(&q); err != nil {
			return nil, fmt.Errorf("%s: %w", file, err)
		}
		if name := strings.TrimSuffix(filepath.Base(file), ".yaml"); q.Metadata.Name != name {
			return nil, fmt.Errorf("%s: the question is named %q", file, q.Metadata.Name)
		}
		all = append(all, q)
	}
	return all, nil
}

// Bytes returns the file of a question.
func (q Question) Bytes() ([]byte, error) {
	var b bytes.Buffer
	e := yaml.NewEncoder(&b)
	e.SetIndent(2)
	err := e.Encode(q)
	return b.Bytes(), err
}
