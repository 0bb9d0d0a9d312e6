package e2e

import (
	"encoding/json"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// exposed holds what /metrics has: the labels of each metric, and the values of each label.
type exposed map[string]map[string][]string

var (
	familyLine = regexp.MustCompile(`(?m)^# TYPE (\w+) (\w+)$`)
	sampleLine = regexp.MustCompile(`(?m)^(\w+)(?:\{(.*)\})? \S+$`)
	labelPair  = regexp.MustCompile(`(\w+)="((?:[^"\\]|\\.)*)"`)
)

// add reads the metrics of a server.
func (e exposed) add(metrics string) {
	for _, m := range familyLine.FindAllStringSubmatch(metrics, -1) {
		names := []string{m[1]}
		if m[2] == "histogram" {
			names = []string{m[1] + "_bucket", m[1] + "_sum", m[1] + "_count"}
		}
		for _, name := range names {
			if e[name] == nil {
				e[name] = map[string][]string{}
			}
		}
	}
	for _, m := range sampleLine.FindAllStringSubmatch(metrics, -1) {
		for _, pair := range labelPair.FindAllStringSubmatch(m[2], -1) {
			if labels := e[m[1]]; labels != nil && !slices.Contains(labels[pair[1]], pair[2]) {
				labels[pair[1]] = append(labels[pair[1]], pair[2])
			}
		}
	}
}

var (
	selector = regexp.MustCompile(`\b((?:talkover_mcp|process|go)_\w+)(?:\{([^}]*)\})?`)
	matcher  = regexp.MustCompile(`(\w+)\s*(=~|=|!=|!~)\s*"([^"]*)"`)
	grouping = regexp.MustCompile(`by \(([^)]*)\)`)
)

// faultsOf says which metrics, labels and values of a query no server has. Prometheus adds
// job and instance, and a status may be any.
func (e exposed) faultsOf(query string) (wrong []string) {
	known := []string{"job", "instance", "le"}
	for _, m := range selector.FindAllStringSubmatch(query, -1) {
		labels, ok := e[m[1]]
		if !ok {
			wrong = append(wrong, "there is no metric "+m[1])
			continue
		}
		for label := range labels {
			known = append(known, label)
		}
		for _, one := range matcher.FindAllStringSubmatch(m[2], -1) {
			label, values := one[1], strings.Split(one[3], "|")
			if label == "job" || label == "instance" {
				continue
			}
			for _, value := range values {
				if label != "status" && !slices.Contains(labels[label], value) {
					wrong = append(wrong, m[1]+" has no "+label+" "+value)
				}
			}
			if labels[label] == nil {
				wrong = append(wrong, m[1]+" has no label "+label)
			}
		}
	}
	for _, m := range grouping.FindAllStringSubmatch(query, -1) {
		for label := range strings.SplitSeq(m[1], ",") {
			if !slices.Contains(known, strings.TrimSpace(label)) {
				wrong = append(wrong, "no metric of it has the label "+label)
			}
		}
	}
	return wrong
}

// The dashboard and the alerts ask for metrics that the server has, by labels and values
// that it gives them. promtool, which .ci/monitoring runs, cannot know those.
func TestDashboardAndAlertsAskForWhatThereIs(t *testing.T) {
	t.Parallel()
	all := exposed{}
	gate := []string{"LOG_FORMAT=json", "MCP_METRICS_ADDR=127.0.0.1:0", "MCP_AUTH=token",
		"MCP_AUTH_TOKENS=" + gateToken,
		"TALKOVER_ALLOW_CALLS=true", "TALKOVER_CALL_COUNTRIES=1"}
	addrs, _ := addresses(t, gate, "-demo", "-transport", "http", "-addr", "127.0.0.1:0")
	for _, message := range []string{strings.Split(hello, "\n")[0], listCall(1, 1)} {
		if status, body, err := post(addrs["serving"], message, "Authorization", "Bearer "+gateToken); status != 200 {
			t.Fatal(status, body, err)
		}
	}
	all.add(scrape(t, addrs["metrics"]))
	issuer := newIssuer(t)
	addrs, _ = addresses(t, []string{"LOG_FORMAT=json", "MCP_METRICS_ADDR=127.0.0.1:0", "MCP_AUTH=oidc",
		"MCP_OIDC_ISSUER=" + issuer.URL,
		"MCP_RESOURCE_URL=https://calls.example.com/mcp"}, "-demo", "-transport", "http", "-addr", "127.0.0.1:0")
	all.add(scrape(t, addrs["metrics"]))

	addrs, _ = addresses(t, []string{"LOG_FORMAT=json", "MCP_METRICS_ADDR=127.0.0.1:0", "TALKOVER_TOKEN=" + canary,
		"TALKOVER_VALKEY_URL=valkey://127.0.0.1:1"}, "-transport", "http", "-addr", "127.0.0.1:0")
	all.add(scrape(t, addrs["metrics"]))

	var queries []string
	var board struct {
		Panels []struct {
			Title   string
			Targets []struct{ Expr string }
		}
	}
	text, err := os.ReadFile("deploy/grafana/talkover-mcp.json")
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(text, &board); err != nil {
		t.Fatal(err)
	}
	for _, panel := range board.Panels {
		for _, target := range panel.Targets {
			queries = append(queries, target.Expr)
		}
	}
	rules, err := os.ReadFile("deploy/prometheus/talkover-mcp.rules.yaml")
	if err != nil {
		t.Fatal(err)
	}
	// Descriptions name metrics too.
	alerts := strings.Split(string(rules), "- alert: ")[1:]
	queries = append(queries, alerts...)
	if len(alerts) < 10 || len(queries) < 40 {
		t.Errorf("%d alerts and %d queries in all", len(alerts), len(queries))
	}
	asked := strings.Join(queries, "\n")
	for _, query := range queries {
		for _, fault := range all.faultsOf(query) {
			t.Errorf("%s\nin %s", fault, query)
		}
	}
	for name := range all {
		base := strings.TrimSuffix(strings.TrimSuffix(strings.TrimSuffix(name, "_bucket"), "_sum"), "_count")
		if strings.HasPrefix(name, "talkover_mcp_") && !strings.Contains(asked, base) {
			t.Errorf("neither the dashboard nor an alert has %s", name)
		}
	}
}
