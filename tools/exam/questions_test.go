package exam_test

import (
	"bytes"
	"flag"
	"fmt"
	"go/parser"
	"go/token"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/talkover/talkover-mcp/talkover/sandbox"
	"github.com/talkover/talkover-mcp/tools/exam"
)

//go:generate go test -count=1 -run ^TestFactsAreTrue$ . -update

var update = flag.Bool("update", false, "write the facts of the questions anew")

const folder = "../testdata/exam"

// questions reads all questions.
func questions(t *testing.T) []exam.Question {
	t.Helper()
	qs, err := exam.Read(folder)
	if err != nil {
		t.Fatal(err)
	}
	return qs
}

// The accounts, and what is read of them. Each is made once.
var (
	accounts = map[string]func() *sandbox.Account{
		"demo": sync.OnceValue(exam.Demo), "large": sync.OnceValue(exam.Large),
	}
	logs   = map[string]*callLog{}
	truths = map[string]map[string]truth{"demo": demoTruths, "large": largeTruths}
)

// logOf returns the log of an account.
func logOf(t *testing.T, account string) *callLog {
	t.Helper()
	if logs[account] == nil {
		logs[account] = readLog(t, accounts[account]())
	}
	return logs[account]
}

// TestFactsAreTrue computes the facts of every question from the raw log.
func TestFactsAreTrue(t *testing.T) {
	n := map[string]int{}
	unknowable := 0
	for _, q := range questions(t) {
		account := q.Metadata.Labels["account"]
		n[account]++
		compute, ok := truths[account][q.Metadata.Name]
		if !ok {
			t.Errorf("%s: there is no truth of this name", q.Metadata.Name)
			continue
		}
		file := filepath.Join(folder, q.Metadata.Name+".yaml")
		have, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		q.Facts = compute(logOf(t, account))
		if q.Facts.Unknowable != "" {
			unknowable++
		}
		v := exam.Verify{}
		v.LLMJudge.Contains = inWords(q.Facts)
		q.Spec.Verify = []exam.Verify{v}
		want, err := q.Bytes()
		if err != nil {
			t.Fatal(err)
		}
		if *update {
			if err := os.WriteFile(file, want, 0o644); err != nil {
				t.Fatal(err)
			}
		} else if !bytes.Equal(have, want) {
			t.Errorf("%s is not what the log says; if the question changed, run go generate ./tools/exam:\n%s", file,
				cmp.Diff(string(have), string(want)))
		}
	}
	if n["demo"] != 56 || n["large"] != 15 || unknowable != 3 || len(truths["demo"]) != 56 ||
		len(truths["large"]) != 15 {
		t.Errorf("%v questions, %d of them without an answer; want 56, 15 and 3", n, unknowable)
	}
}

// inWords says what an answer must contain, for a judge.
func inWords(f exam.Facts) string {
	if f.Unknowable != "" {
		return "This cannot be told: the call log has no " + f.Unknowable + "."
	}
	var all []string
	if w := f.Windows; w != nil {
		all = append(all,
			fmt.Sprintf("%s to %s is compared with %s to %s", w["from"], w["to"], w["previous_from"], w["previous_to"]))
	}
	if f.Found != nil {
		all = append(all, fmt.Sprintf("%d calls fit", *f.Found))
	}
	for _, m := range []struct {
		name   string
		values map[string]float64
		unit   string // of rates
	}{{"", f.Totals, "%"}, {"before: ", f.Previous, "%"}, {"change: ", f.Change, "points"}} {
		if len(m.values) > 0 {
			all = append(all, m.name+cells(m.values, m.unit))
		}
	}
	rows := f.Rows
	if len(rows) > 12 && rows[0]["calls"] != nil { // nobody reads out a matrix
		rows = slices.Clone(rows)
		slices.SortStableFunc(rows, func(x, y exam.Row) int { return int(y["calls"].(float64) - x["calls"].(float64)) })
		rows = rows[:3]
		all = append(all, "the most are")
	}
	for _, r := range rows {
		all = append(all, row(r))
	}
	return strings.Join(all, "; ") + "."
}

// cells writes figures in the order of their names, and rates in a unit.
func cells(m map[string]float64, unit string) string {
	var all []string
	for _, name := range slices.Sorted(maps.Keys(m)) {
		value := fmt.Sprint(m[name])
		if strings.HasSuffix(name, "_rate") {
			// facts have four digits; to one it would be rounded twice
			value = fmt.Sprintf("%.2f %s", 100*m[name], unit)
		}
		all = append(all, strings.ReplaceAll(name, "_", " ")+" "+value)
	}
	return strings.Join(all, ", ")
}

// row writes a row: what names it, and its figures.
func row(r exam.Row) string {
	if at, ok := r["time"]; ok {
		return fmt.Sprintf("the call of %v, %v seconds", at, r["seconds"])
	}
	figures := map[string]float64{}
	var names []string
	for _, column := range slices.Sorted(maps.Keys(r)) {
		switch v := r[column].(type) {
		case float64:
			figures[column] = v
		case string:
			names = append(names, v)
		}
	}
	return strings.Join(names, " ") + ": " + cells(figures, "%")
}

// TestTheTruthIsIndependent holds that what computes the truth has nothing from the product
// but the account that serves the rows. The files that ask the tools are others.
func TestTheTruthIsIndependent(t *testing.T) {
	files, err := filepath.Glob("*.go")
	if err != nil || len(files) < 8 {
		t.Fatal(files, err)
	}
	const product = "github.com/talkover/talkover-mcp/"
	for _, file := range files {
		if file == "exam_test.go" {
			continue
		}
		f, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.ImportsOnly)
		if err != nil {
			t.Fatal(err)
		}
		for _, i := range f.Imports {
			path, _ := strconv.Unquote(i.Path.Value)
			if rest, ours := strings.CutPrefix(path, product); ours && rest != "talkover/sandbox" &&
				rest != "tools/exam" {
				t.Errorf("%s imports %s", file, path)
			}
		}
	}
}
