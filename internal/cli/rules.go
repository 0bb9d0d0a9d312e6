package cli

import (
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/talkover/talkover-mcp/talkover/stats"
)

// rule is a sentence about a metric that holds or does not, such as answer_rate>=70.
type rule struct {
	text   string
	metric stats.Metric
	sign   string
	bound  float64 // rates in per cent
}

// verdict says whether a rule holds, in the structured answer of check.
type verdict struct {
	Rule   string   `json:"rule"`
	Value  *float64 `json:"value"`            // rates in per cent; null where it cannot be told
	Holds  *bool    `json:"holds"`            // null where it cannot be told
	Reason string   `json:"reason,omitempty"` // why it cannot
}

// answered is the part of the structured answer of get_call_stats that rules look at.
type answered struct {
	Totals   map[string]float64 `json:"totals"`
	Coverage struct {
		Exact       bool   `json:"exact"`
		Complete    bool   `json:"complete"`
		FieldsExact bool   `json:"fields_exact"`
		Reason      string `json:"reason"`
	} `json:"coverage"`
}

var (
	ruleForm = regexp.MustCompile(`^\s*([a-z_0-9]+)\s*(<=|>=|==|!=|<|>)\s*(-?\d+(?:\.\d+)?)\s*%?\s*$`)
	holds    = map[string]func(value, bound float64) bool{
		"<":  func(v, b float64) bool { return v < b },
		">":  func(v, b float64) bool { return v > b },
		"<=": func(v, b float64) bool { return v <= b },
		">=": func(v, b float64) bool { return v >= b },
		"==": func(v, b float64) bool { return v == b },
		"!=": func(v, b float64) bool { return v != b },
	}
)

// readRules tells the rules among the arguments of check from those of get_call_stats.
func readRules(args []string) (rules []rule, rest []string, err error) {
	for _, arg := range args {
		m := ruleForm.FindStringSubmatch(arg)
		switch {
		case m == nil && strings.Contains(arg, "="):
			rest = append(rest, arg)
			continue
		case m == nil:
			return nil, nil, fmt.Errorf("check: %q is neither a rule, such as answer_rate>=70, nor name=value", arg)
		case !slices.Contains(stats.AllMetrics, stats.Metric(m[1])):
			return nil, nil, fmt.Errorf("check: %q is not a metric; there are %s", m[1], join(stats.AllMetrics))
		}
		bound, _ := strconv.ParseFloat(m[3], 64) // the form has digits alone
		rules = append(rules, rule{strings.TrimSpace(arg), stats.Metric(m[1]), m[2], bound})
	}
	if len(rules) == 0 {
		return nil, nil, errors.New("check: which rule? For example: check 'answer_rate>=70' period=today (see -help)")
	}
	return rules, rest, nil
}

func join(metrics []stats.Metric) string {
	names := make([]string, len(metrics))
	for i, m := range metrics {
		names[i] = string(m)
	}
	return strings.Join(names, ", ")
}

// judge says whether a rule holds by an answer.
func (r rule) judge(a answered) verdict {
	v := verdict{Rule: r.text}
	value, told := a.Totals[string(r.metric)]
	switch c := a.Coverage; {
	case !c.Exact || !c.Complete:
		v.Reason = "not exact for all that was asked"
	case !c.FieldsExact:
		v.Reason = "not exact: some calls are as they were read more than a day ago"
	case !told:
		v.Reason = "there is no such figure for these calls"
	default:
		if r.metric.Unit() == stats.Rate {
			value *= 100
		}
		ok := holds[r.sign](value, r.bound)
		v.Value, v.Holds = &value, &ok
		return v
	}
	if a.Coverage.Reason != "" {
		v.Reason += ": " + a.Coverage.Reason
	}
	return v
}

// String is the line of a rule.
func (v verdict) String() string {
	if v.Holds == nil {
		return fmt.Sprintf("?     %s  cannot be told: %s", v.Rule, v.Reason)
	}
	word := map[bool]string{true: "ok   ", false: "FAIL "}[*v.Holds]
	return fmt.Sprintf("%s %s  it is %s", word, v.Rule, strconv.FormatFloat(*v.Value, 'f', -1, 64))
}

// check prints whether rules hold. It fails where one does not, and with the exit code
// [Misconfigured] where one cannot be told.
func (p *Program) check(cmd *cobra.Command, args []string) error {
	rules, rest, err := readRules(args)
	if err != nil {
		return misuse{err}
	}
	asked := []stats.Metric{}
	for _, r := range rules {
		if !slices.Contains(asked, r.metric) {
			asked = append(asked, r.metric)
		}
	}
	values := valuesOf(rest)
	values["metrics"] = strings.ReplaceAll(join(asked), " ", "")
	result, err := p.callOnce(cmd, "get_call_stats", values)
	if err != nil {
		return misuse{err}
	}
	text := textOf(result)
	if result.IsError {
		return misuse{errors.New(text)}
	}
	var a answered
	raw, err := json.Marshal(result.StructuredContent)
	if err == nil {
		err = json.Unmarshal(raw, &a)
	}
	if err != nil {
		return misuse{err}
	}
	var verdicts []verdict
	lines, failed, untold := "", false, false
	for _, r := range rules {
		v := r.judge(a)
		verdicts, lines = append(verdicts, v), lines+v.String()+"\n"
		untold = untold || v.Holds == nil
		failed = failed || v.Holds != nil && !*v.Holds
	}
	basis, _, _ := strings.Cut(text, "\n")
	err = p.print(lines+basis, map[string]any{"holds": !failed && !untold, "rules": verdicts, "basis": basis})
	switch {
	case err != nil:
		return err
	case untold:
		return errUntold
	case failed:
		return errTold
	}
	return nil
}
