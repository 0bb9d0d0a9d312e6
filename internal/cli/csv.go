package cli

import (
	"bytes"
	"context"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/talkover/talkover-mcp/talkover"
	"github.com/talkover/talkover-mcp/tools/answer"
)

// pageOf is the part of the structured answers of find_calls and list_calls that their rows
// are made of.
type pageOf struct {
	Columns    []string       `json:"columns"`
	Rows       [][]any        `json:"rows"`
	Next       map[string]any `json:"next"`
	Found      *int           `json:"found"`
	FoundExact bool           `json:"found_exact"`
	Matched    *int           `json:"matched"`
	Timezone   string         `json:"timezone"`
	Now        string         `json:"now"`
	Notes      []string       `json:"notes"`
	Coverage   *struct {
		Exact       bool   `json:"exact"`
		Complete    bool   `json:"complete"`
		FieldsExact bool   `json:"fields_exact"`
		Reason      string `json:"reason"`
		AskAgain    int    `json:"ask_again_in_seconds"`
	} `json:"coverage"`
}

// sizes are the arguments that say how many rows are on a page of each tool.
var sizes = map[string]string{"find_calls": "limit", "list_calls": "per_page"}

const (
	rowsOfSheet  = 50               // on a page: all fit, with all columns
	longestSheet = 15 * time.Minute // that a sheet waits for calls that are still to be read
	pauseOfSheet = 30 * time.Second // before a page that failed is asked for again
	triesOfSheet = 3
)

// sheet collects the rows of all pages.
type sheet struct {
	first, last pageOf
	rows        [][]any
	seen        map[any]bool // SIDs
	flaw        string       // why it is not all, or not exact; "" where it is
}

// csv writes the rows of all pages of a tool. What they rest on is in the first line, a comment,
// and in the exit code.
func (p *Program) csv(cmd *cobra.Command, args []string) error {
	size, ok := sizes[args[0]]
	if !ok {
		return misuse{fmt.Errorf("csv: %q is neither find_calls nor list_calls", args[0])}
	}
	values := valuesOf(args[1:])
	if values[size] == nil {
		values[size] = rowsOfSheet
	}
	s := sheet{seen: map[any]bool{}}
	err := p.connected(cmd, func(call caller) error { return s.read(cmd.Context(), call, args[0], values) })
	if err != nil {
		return err
	}
	if err := p.print(s.text(strings.Join(args[1:], " ")), s.structure()); err != nil {
		return err
	}
	if s.flaw != "" {
		return fmt.Errorf("csv: %s", s.flaw)
	}
	return nil
}

// read reads all pages. It fails where there is not even one.
func (s *sheet) read(ctx context.Context, call caller, tool string, values map[string]any) error {
	began, failed := time.Now(), 0
	for n := 0; values != nil; {
		page, err := askPage(call, tool, values)
		wait := time.Duration(0)
		switch c := page.Coverage; {
		case err != nil && n == 0:
			return err
		case err != nil:
			if failed++; failed == triesOfSheet {
				s.flaw = "not all calls: " + err.Error()
				return nil
			}
			wait = pauseOfSheet
		case n == 0 && c != nil && !c.Complete && c.AskAgain > 0 && time.Since(began) < longestSheet:
			wait = time.Duration(c.AskAgain) * time.Second
		}
		if wait > 0 {
			select {
			case <-time.After(wait):
			case <-ctx.Done():
				return ctx.Err()
			}
			continue
		}
		if n++; n == 1 {
			s.first = page
		}
		before := len(s.rows)
		s.take(page)
		values, failed = page.Next, 0
		if len(s.rows) == before && values != nil && s.flaw == "" {
			s.flaw = "a page came again"
		}
		if s.flaw != "" {
			return nil
		}
	}
	switch c, total := s.last.Coverage, s.last.total(); {
	case c != nil && !(c.Exact && c.Complete && c.FieldsExact && s.last.FoundExact):
		s.flaw = strings.TrimSuffix("not all calls, or not exact: "+c.Reason, ": ")
	case total != len(s.rows):
		s.flaw = fmt.Sprintf("calls came or went while the pages were read: %d are here, and %d fit by now", len(s.rows), total)
	}
	return nil
}

// askPage asks for a page.
func askPage(call caller, tool string, values map[string]any) (page pageOf, err error) {
	result, err := call(tool, values)
	switch {
	case err != nil:
		return page, err
	case result.IsError:
		return page, errors.New(textOf(result))
	}
	raw, err := json.Marshal(result.StructuredContent)
	if err != nil {
		return page, err
	}
	d := json.NewDecoder(bytes.NewReader(raw))
	d.UseNumber()
	return page, d.Decode(&page)
}

// total returns how many calls fit by a page; -1 where it does not say.
func (p pageOf) total() int {
	for _, n := range []*int{p.Found, p.Matched} {
		if n != nil {
			return *n
		}
	}
	return -1
}

// take takes the rows of the next page, each call once.
func (s *sheet) take(page pageOf) {
	at := slices.Index(page.Columns, "sid")
	if at < 0 || !slices.Equal(page.Columns, s.first.Columns) {
		s.flaw = "not all columns fit on a page; ask for smaller ones"
		return
	}
	for _, row := range page.Rows {
		if sid := row[at]; sid == "" || !s.seen[sid] {
			s.seen[sid] = true
			s.rows = append(s.rows, row)
		}
	}
	s.last = page
}

// head says what the rows rest on.
func (s *sheet) head(args string) string {
	held := "all " + talkover.Plural(len(s.rows), "call", "calls")
	if s.flaw != "" {
		held = fmt.Sprintf("NOT PROVEN TO BE ALL: %s (%s)", talkover.Plural(len(s.rows), "call", "calls"), s.flaw)
	}
	if args == "" {
		args = "no filters"
	}
	line := fmt.Sprintf("# %s that fit (%s); times are %s; now %s. ", held, args, s.last.Timezone, s.last.Now) + strings.Join(s.first.Notes, " ")
	return strings.NewReplacer(`"`, "'", "\n", " ").Replace(line) // a quote would trip readers of CSV
}

// text writes the sheet. What a spreadsheet would take for a formula is defused.
func (s *sheet) text(args string) string {
	var b strings.Builder
	w := csv.NewWriter(&b)
	_ = w.Write(s.first.Columns) // a builder never fails
	for _, row := range s.rows {
		cells := make([]string, len(row))
		for i, v := range row {
			if v != nil {
				cells[i] = answer.ForeignText(fmt.Sprint(v)).CSV()
			}
		}
		_ = w.Write(cells)
	}
	w.Flush()
	return s.head(args) + "\n" + strings.TrimSuffix(b.String(), "\n")
}

// structure is the sheet in JSON.
func (s *sheet) structure() any {
	return map[string]any{"whole": s.flaw == "", "reason": s.flaw, "columns": s.first.Columns, "rows": s.rows, "notes": s.first.Notes}
}
