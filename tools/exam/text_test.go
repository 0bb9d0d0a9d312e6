package exam_test

import (
	"encoding/csv"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// What lines of text say, in the order of the lines.
var (
	matchedLine = regexp.MustCompile(`^(At least )?(\d+) \w+ (?:match|matches|found)\b`)
	rowsShown   = regexp.MustCompile(`(?:rows )?(\d+)-(\d+)(?:, page| shown)`)
	orderShown  = regexp.MustCompile(`(?:, |; )(in Talkover's order|\w+ first)[;,]`)
	zoneAndNow  = regexp.MustCompile(`(?:; (\S+), now|; now) (\w{3} \d{4}-\d\d-\d\d \d\d:\d\d)\.$`)
	exactLine   = regexp.MustCompile(`^(Exact|NOT EXACT)(, counted by Talkover)?\b`)
	callsOf     = regexp.MustCompile(`(\d+) calls? (so far )?(of all days|since|until|of) (?:(\w{3} [\d-]{10} ` +
		`[\d:]{5,8})(?: - (?:\w{3} )?([\d-]{10} )?([\d:]{5,8}))? )?([\w/+-]+)`)
	asOf       = regexp.MustCompile(`, as of (\d\d:\d\d:\d\d)`)
	leftCalls  = regexp.MustCompile(`; (\d+) calls? (?:is|are) left`)
	askAgain   = regexp.MustCompile(`[Aa]sk again in (\d+) s`)
	requests   = regexp.MustCompile(`; (\d+) requests?\b`)
	figureText = regexp.MustCompile(`^([a-z0-9_]+) ([-+]?[\d.]+)(?: \(([-+]?[\d.]+) %\))?( %| points)?$`)
	rankLine   = regexp.MustCompile(`^Note: (\d+) of .* calls? or more\b.*\(min_calls\)`)
	peakLine   = regexp.MustCompile(`^The peak was first reached at \w{3} ([\d-]{10} [\d:]{5,8})\.$`)
	rowsBy     = regexp.MustCompile(`; rows by ([^;]+);`)
	beforeLine = regexp.MustCompile(`^Before \(([\w.-]+), \w{3} ([\d-]{10} [\d:]{5,8}) - (?:\w{3} )?([\d-]{10} ` +
		`)?([\d:]{5,8})(; cut at the same point, since this window is compared until \w{3} [\d-]{10} [\d:]{5,` +
		`8})?\): (.*)\.$`)
	matrixLine = regexp.MustCompile(`^Matrix of (\w+), (\w+) by (\w+):$`)
	testCalls  = regexp.MustCompile(`; (\d+) (?:of them (?:is a )?test calls?\b|test calls? left out)`)
	header     = regexp.MustCompile(`^[a-z_]+(,[A-Za-z0-9_-]+)+$`)
	legendLine = regexp.MustCompile(`^[a-z_]+: `)
	nextTool   = regexp.MustCompile(`: (\w+) \{`)
	jsonAtEnd  = regexp.MustCompile(`(\{.*\})$`)
)

// unit ends the legend of a text with rates, which the structure has as fractions.
const unit = "shares and rates in %"

// parseText reads the text of an answer, line by line.
func parseText(t *testing.T, text string) half {
	t.Helper()
	p := &textParser{t: t, half: half{name: "text", coverage: coverage{left: -1}, ranked: -1}}
	lines := strings.Split(strings.TrimSuffix(text, "\n"), "\n")
	for i := 0; i < len(lines); i++ {
		switch line := lines[i]; {
		case len(p.columns) == 0 && header.MatchString(line):
			i += p.table(line, lines[i+1:])
		default:
			p.line(line)
		}
	}
	if slices.Equal(p.columns, []string{"field", "value"}) { // the fields of a call
		slices.SortFunc(p.rows, func(x, y []any) int { return strings.Compare(x[0].(string), y[0].(string)) })
	}
	return p.half
}

type textParser struct {
	t *testing.T
	half
	listed bool // it lists calls
}

// line reads a line outside of the table.
func (p *textParser) line(line string) {
	if m := rankLine.FindStringSubmatch(line); m != nil {
		p.ranked = number(m[1])
	}
	if m := peakLine.FindStringSubmatch(line); m != nil {
		p.peakAt = m[1]
		return
	}
	if m := zoneAndNow.FindStringSubmatch(line); m != nil {
		p.now = m[2]
		if m[1] != "" {
			p.zone = m[1]
		}
	}
	if m := orderShown.FindStringSubmatch(line); m != nil {
		p.order = m[1]
	}
	switch {
	case strings.HasPrefix(line, "Note: "):
		p.notes = append(p.notes, strings.TrimPrefix(line, "Note: "))
	case strings.HasPrefix(line, "Totals: "):
		p.totals = p.figures(strings.TrimPrefix(line, "Totals: "))
	case beforeLine.MatchString(line):
		m := beforeLine.FindStringSubmatch(line)
		p.with, p.before, p.cut, p.was = m[1], [2]string{m[2], m[3] + m[4]}, m[5] != "", p.figures(m[6])
		if m[3] == "" {
			p.before[1] = m[2][:11] + m[4]
		}
	case strings.HasPrefix(line, "Change: "):
		p.changed = p.figures(strings.TrimPrefix(line, "Change: "))
	case matrixLine.MatchString(line):
		m := matrixLine.FindStringSubmatch(line)
		p.matrix = [3]string{m[2], m[3], m[1]}
	case strings.HasPrefix(line, "This page: "):
		p.totals = p.tally(strings.TrimSuffix(strings.TrimPrefix(line, "This page: "), "."))
	case exactLine.MatchString(line):
		p.coverageLine(line)
	case matchedLine.MatchString(line):
		m := matchedLine.FindStringSubmatch(line)
		p.found, p.foundExact, p.listed = number(m[2]), m[1] == "", true
		if m := rowsShown.FindStringSubmatch(line); m != nil {
			p.first, p.last = number(m[1]), number(m[2])
		}
	case strings.HasPrefix(line, "Cost estimate, not the bill: "):
		p.costLine(line)
	case costRow.MatchString(line):
		m := costRow.FindStringSubmatch(line)
		p.cost[m[1]+" "+m[2]], _ = strconv.ParseFloat(m[3], 64)
	case line == "agent,currency,cost_estimate", line == "day,currency,cost_estimate":
	case jsonAtEnd.MatchString(line):
		p.next += jsonAtEnd.FindString(line)
		if m := nextTool.FindStringSubmatch(line); m != nil && p.coverage.asOf != "" {
			p.nextTool = m[1]
		}
	case p.coverage.asOf != "" && !p.listed: // of find_calls the last line is no fact
		p.legend += strings.TrimSuffix(strings.TrimSuffix(line, unit), "; ")
	}
}

var (
	costAmount = regexp.MustCompile(`([A-Z]{3}) ([\d.]+) `)
	costCalls  = regexp.MustCompile(` for (\d+) of (\d+) answered calls?,`)
	costLost   = regexp.MustCompile(`; (\d+) (?:is|are) of (deleted agents|agents without a price)`)
	costRow    = regexp.MustCompile(`^"?([^",]+)"?,([A-Z]{3}),([\d.]+)$`)
)

// costLine reads what calls are said to cost.
func (p *textParser) costLine(line string) {
	calls := costCalls.FindStringSubmatch(line)
	p.cost = map[string]float64{
		"priced": float64(number(calls[1])), "of": float64(number(calls[2])), "deleted": 0, "unpriced": 0,
	}
	for _, m := range costAmount.FindAllStringSubmatch(line, -1) {
		p.cost[m[1]], _ = strconv.ParseFloat(m[2], 64)
	}
	for _, m := range costLost.FindAllStringSubmatch(line, -1) {
		name := "deleted"
		if m[2] != "deleted agents" {
			name = "unpriced"
		}
		p.cost[name] = float64(number(m[1]))
	}
}

// coverageLine reads what an answer rests on.
func (p *textParser) coverageLine(line string) {
	m := exactLine.FindStringSubmatch(line)
	line = strings.Replace(line, "the one call", "all 1 call", 1)
	c := &p.coverage
	c.exact, c.counted = m[1] == "Exact", m[2] != ""
	c.part = strings.HasPrefix(line, "Exact for ")
	of := callsOf.FindStringSubmatch(strings.Replace(line, "the one call", "1 call", 1))
	if of == nil {
		p.t.Fatalf("no calls in %q", line)
	}
	c.calls = number(of[1])
	if m := rowsBy.FindStringSubmatch(line); m != nil {
		p.order = m[1]
	}
	if m := testCalls.FindStringSubmatch(line); m != nil {
		p.tests = number(m[1])
	}
	from, to := windowOf(of)
	c.from, c.to, p.zone = from, to, of[7]
	p.window = [2]string{from, to}
	if asked := regexp.MustCompile(`\(asked: (.*?)\)`).FindStringSubmatch(line); asked != nil {
		m := callsOf.FindStringSubmatch("0 calls of " + asked[1])
		p.window[0], p.window[1] = windowOf(m)
	}
	if m := asOf.FindStringSubmatch(line); m != nil {
		c.asOf = m[1]
	}
	if m := leftCalls.FindStringSubmatch(line); m != nil {
		c.left = number(m[1])
	}
	if m := askAgain.FindStringSubmatch(line); m != nil {
		c.again = number(m[1])
	}
	if m := requests.FindStringSubmatch(line); m != nil {
		c.requests = number(m[1])
	}
}

// windowOf returns the bounds of a window in words.
func windowOf(m []string) (from, to string) {
	first := ""
	if m[4] != "" {
		first = m[4][4:]
	}
	switch m[3] {
	case "since":
		return first, ""
	case "until":
		return "", first
	case "of":
		day := m[5]
		if day == "" {
			day = first[:11]
		}
		return first, day + m[6]
	}
	return "", ""
}

// figures reads names with figures, rates as fractions.
func (p *textParser) figures(s string) map[string]float64 {
	all := map[string]float64{}
	for _, part := range strings.Split(strings.TrimSuffix(s, "."), ", ") {
		m := figureText.FindStringSubmatch(part)
		if m == nil {
			if !strings.HasSuffix(part, " ?") && part != "nothing is known" {
				p.t.Errorf("%q is no figure", part)
			}
			continue
		}
		x, err := strconv.ParseFloat(m[2], 64)
		if err != nil {
			p.t.Error(err)
		}
		if isRate(m[1]) {
			if x /= 100; m[4] == "" {
				p.t.Errorf("%q is a rate without a unit", part)
			}
		}
		all[m[1]] = x
		if m[3] != "" {
			if p.percent == nil {
				p.percent = map[string]float64{}
			}
			p.percent[m[1]], _ = strconv.ParseFloat(m[3], 64)
		}
	}
	return all
}

// tally reads what a page of calls sums up to.
func (p *textParser) tally(s string) map[string]float64 {
	all := map[string]float64{"answered": 0, "talk_seconds": 0, "test_calls": 0}
	if m := regexp.MustCompile(`talk (\d+) s, mean ([\d.]+) of (\d+) answered`).FindStringSubmatch(s); m != nil {
		all["talk_seconds"], all["answered"] = float64(number(m[1])), float64(number(m[3]))
		all["mean_seconds"], _ = strconv.ParseFloat(m[2], 64)
		s = strings.Replace(s, m[0], "", 1)
	}
	if m := regexp.MustCompile(`(\d+) still going on`).FindStringSubmatch(s); m != nil {
		all["open"] = float64(number(m[1]))
		s = strings.Replace(s, m[0], "", 1)
	}
	for _, m := range regexp.MustCompile(`(\d+) (test calls?|[\w-]+)`).FindAllStringSubmatch(s, -1) {
		name := "=" + m[2]
		if strings.HasPrefix(name, "=test call") {
			name = "test_calls"
		}
		all[name] = float64(number(m[1]))
	}
	return all
}

// table reads a table below its header, and returns of how many lines it is.
func (p *textParser) table(names string, lines []string) int {
	p.columns = strings.Split(names, ",")
	day := ""
	for n, line := range lines {
		if strings.HasPrefix(line, "# ") {
			day = line[len("# Mon "):] + " "
			continue
		}
		cells, err := csv.NewReader(strings.NewReader(line)).Read()
		if err != nil || len(cells) != len(p.columns) || legendLine.MatchString(line) {
			return n
		}
		row := make([]any, len(cells))
		for i, name := range p.columns {
			if p.matrix[2] != "" && i > 0 {
				name = p.matrix[2]
			}
			row[i] = cellOf(name, cells[i])
			if name == "time" {
				row[i] = day + cells[i]
			}
		}
		p.rows = append(p.rows, row)
	}
	return len(lines)
}

// numbers lists the columns that hold numbers though no figure is named like them.
var numbers = map[string]bool{"seconds": true, "completed": true, "success_rate": true, "monthly_cost": true}

// cellOf reads a cell of text as the structure has it.
func cellOf(column, s string) any {
	base := strings.TrimSuffix(strings.TrimSuffix(column, "_before"), "_change")
	switch {
	case column == "test":
		return s == "test"
	case !isFigure(base) && !numbers[column]:
		return strings.TrimPrefix(s, "'")
	case s == "":
		return 0.0
	}
	x, err := strconv.ParseFloat(strings.TrimPrefix(s, "+"), 64)
	if err != nil {
		return s
	}
	if isRate(base) && column != "success_rate" {
		x /= 100
	}
	return x
}
