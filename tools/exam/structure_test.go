package exam_test

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"
)

// parseStructure reads the structure of an answer.
func parseStructure(t *testing.T, structure []byte) half {
	t.Helper()
	var s struct {
		Coverage *struct {
			Exact     bool
			Method    string
			Calls     int
			From, To  string
			AskedFrom string `json:"asked_from"`
			AskedTo   string `json:"asked_to"`
			Left      *int   `json:"calls_left"`
			Again     int    `json:"ask_again_in_seconds"`
			AsOf      string `json:"as_of"`
			Requests  int
		}
		Window  struct{ From, To string }
		Totals  map[string]float64
		Compare *struct {
			With, From, To          string
			Cut                     bool
			Totals, Change, Percent map[string]float64
		}
		Cost *struct {
			Amounts  map[string]float64
			Priced   float64 `json:"priced_calls"`
			Of       float64 `json:"of_calls"`
			Deleted  float64 `json:"calls_of_deleted_agents"`
			Unpriced float64 `json:"calls_without_price"`
			Rows     [][]any
		} `json:"cost_estimate"`
		Columns    []string
		Rows       [][]any
		Matrix     struct{ Rows, Columns, Metric string }
		Order      string
		Ranked     *int
		PeakAt     string `json:"peak_at"`
		Found      int
		FoundExact bool `json:"found_exact"`
		Matched    *int
		Tally      *struct {
			Status, Direction map[string]float64
			Answered          float64
			Talk              float64  `json:"talk_seconds"`
			Mean              *float64 `json:"mean_seconds"`
			Tests             float64  `json:"test_calls"`
			Open              float64
		}
		Call        map[string]any
		Before      *struct{ SID string }
		After       *struct{ SID string }
		First, Last int
		Notes       []string
		Next        json.RawMessage
		Legend      string
		TestCalls   int `json:"test_calls"`
		Now         string
		Timezone    string
	}
	if err := json.Unmarshal(structure, &s); err != nil {
		t.Fatal(err)
	}
	h := half{
		name: "structure", window: [2]string{s.Window.From, s.Window.To}, totals: s.Totals, columns: s.Columns,
		rows:   s.Rows,
		matrix: [3]string{s.Matrix.Rows, s.Matrix.Columns, s.Matrix.Metric}, order: s.Order, found: s.Found,
		foundExact: s.FoundExact,
		first:      s.First, last: s.Last, notes: s.Notes, next: string(s.Next), now: s.Now, zone: s.Timezone,
		legend: s.Legend, tests: s.TestCalls, coverage: coverage{left: -1},
	}
	h.ranked = -1
	if s.Ranked != nil {
		h.ranked = *s.Ranked
	}
	if s.PeakAt != "" {
		at, err := time.Parse(time.RFC3339, s.PeakAt)
		if err != nil {
			t.Fatal(err)
		}
		h.peakAt = strings.TrimSuffix(at.Format("2006-01-02 15:04:05"), ":00")
	}
	if c := s.Cost; c != nil {
		h.cost = map[string]float64{"priced": c.Priced, "of": c.Of, "deleted": c.Deleted, "unpriced": c.Unpriced}
		maps.Copy(h.cost, c.Amounts)
		for _, row := range c.Rows {
			h.cost[fmt.Sprint(row[0], " ", row[1])] = row[2].(float64)
		}
	}
	if c := s.Coverage; c != nil {
		h.coverage = coverage{
			exact: c.Exact, counted: c.Method == "counts", calls: c.Calls, from: c.From, to: c.To, left: -1,
			again: c.Again,
			part:  c.From != c.AskedFrom || c.To != c.AskedTo, asOf: c.AsOf[len(c.AsOf)-len("15:04:05"):],
			requests: c.Requests,
		}
		if c.Left != nil {
			h.coverage.left = *c.Left
		}
	}
	if c := s.Compare; c != nil {
		h.with, h.before, h.cut, h.was, h.changed, h.percent = c.With, [2]string{c.From, c.To}, c.Cut, c.Totals,
			c.Change, c.Percent
	}
	var step struct {
		Tool      string
		Arguments json.RawMessage
	}
	if json.Unmarshal(s.Next, &step) == nil && step.Tool != "" {
		h.next, h.nextTool = string(step.Arguments), step.Tool
	}
	if s.Call != nil { // which text has as a table
		h.columns = []string{"field", "value"}
		h.rows = fields("", s.Call)
	}
	for _, c := range []*struct{ SID string }{s.Before, s.After} {
		if c != nil {
			h.next += fmt.Sprintf(`{"sid":%q}`, c.SID)
		}
	}
	if s.Matched != nil {
		h.found, h.foundExact = *s.Matched, true
	}
	if l := s.Tally; l != nil {
		h.totals = map[string]float64{"answered": l.Answered, "talk_seconds": l.Talk, "test_calls": l.Tests}
		if l.Open > 0 {
			h.totals["open"] = l.Open
		}
		if l.Mean != nil {
			h.totals["mean_seconds"] = *l.Mean
		}
		for _, m := range []map[string]float64{l.Status, l.Direction} {
			for name, n := range m {
				h.totals["="+name] = n
			}
		}
	}
	return h
}

// fields makes a row of each field of an object, in the order of their names.
func fields(prefix string, object map[string]any) (all [][]any) {
	for _, name := range slices.Sorted(maps.Keys(object)) {
		if within, ok := object[name].(map[string]any); ok {
			all = append(all, fields(prefix+name+".", within)...)
		} else {
			all = append(all, []any{prefix + name, fmt.Sprint(object[name])})
		}
	}
	return all
}

// decoded returns what some values of JSON say.
func decoded(t *testing.T, s string) (all []any) {
	t.Helper()
	for d := json.NewDecoder(strings.NewReader(s)); ; {
		var v any
		switch err := d.Decode(&v); {
		case err == io.EOF:
			return all
		case err != nil:
			t.Fatal(s, err)
		}
		all = append(all, v)
	}
}
