package tools_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"github.com/mark3labs/mcp-go/mcp"

	"github.com/talkover/talkover-mcp/talkover/sandbox"
)

// canary is a phone number that stands in every text of the account and of the
// questions. Where numbers are masked, canarySeen finds it in no form.
const canary = "+16065550177"

var (
	canarySeen = regexp.MustCompile(`606[ ().-]*555[ ().-]*\d{4}`)
	lastFour   = regexp.MustCompile(`\d{4}$`)
)

// canaries is the demo with a canary in each string that it sends, but for SIDs, ids,
// directions and most statuses, by which calls are counted. Any search finds all
// calls, or with none no call.
func canaries(t *testing.T, none bool) http.RoundTripper {
	demo := sandbox.New(day).Transport()
	sung := &remembered{answers: map[string][]byte{}, api: apiFunc(func(r *http.Request) (*http.Response, error) {
		res, err := demo.RoundTrip(r)
		if err != nil {
			return nil, err
		}
		var body any
		if err := json.NewDecoder(res.Body).Decode(&body); err != nil {
			t.Error(err)
		}
		sung, _ := json.Marshal(sing("", body))
		res.Body = io.NopCloser(strings.NewReader(string(sung)))
		return res, nil
	})}
	return apiFunc(func(r *http.Request) (*http.Response, error) {
		query := r.URL.Query()
		query.Del("search")
		query.Del("agent_id")
		if none && strings.HasSuffix(r.URL.Path, "/calls") {
			query.Set("date_to", "2001-01-01")
		}
		r = r.Clone(r.Context())
		r.URL.RawQuery = query.Encode()
		return sung.RoundTrip(r)
	})
}

// sing puts canaries into a value of the API, which stands under a name.
func sing(name string, v any) any {
	switch v := v.(type) {
	case map[string]any:
		for name, member := range v {
			v[name] = sing(name, member)
		}
	case []any:
		for i, element := range v {
			v[i] = sing(name, element)
		}
	case string:
		switch name {
		case "from": // the number that is searched for, as a whole
			return canary
		case "to", "number":
			return canary[:8] + lastFour.FindString(v)
		case "from_formatted", "to_formatted":
			return "(606) 555-" + lastFour.FindString(v)
		case "status":
			if v == "failed" {
				return "ring 606-555-0177"
			}
		case "id", "sid", "agent_id", "direction", "created_at", "updated_at":
		default:
			return "606 555 0177 " + v
		}
	}
	return v
}

// eachString calls f with every string of a structure, keys included.
func eachString(v any, f func(string)) {
	switch v := v.(type) {
	case map[string]any:
		for name, member := range v {
			f(name)
			eachString(member, f)
		}
	case []any:
		for _, element := range v {
			eachString(element, f)
		}
	case string:
		f(v)
	}
}

// questions returns arguments of a tool by its own schema: each argument with a
// canary where a string is taken and each option of those that have some, alone and
// beside what is needed.
func questions(t *testing.T, tool mcp.Tool) (all []map[string]any) {
	t.Helper()
	var s struct {
		Properties map[string]struct {
			Type  string
			Enum  []any
			Items struct{ Enum []any }
		}
		Required []string
	}
	raw, _ := json.Marshal(tool)
	var m struct{ InputSchema json.RawMessage }
	if err := json.Unmarshal(raw, &m); err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(m.InputSchema, &s); err != nil {
		t.Fatal(err)
	}
	needed := map[string]any{}
	for _, name := range s.Required {
		needed[name] = map[string]any{"sid": "CA7", "agent_id": salesAgent, "to": canary}[name]
		if needed[name] == nil {
			needed[name] = canary
		}
	}
	with := func(name string, value any) {
		args := map[string]any{name: value}
		for n, v := range needed {
			if n != name {
				args[n] = v
			}
		}
		all = append(all, args)
	}
	all = append(all, needed)
	for name, p := range s.Properties {
		for _, o := range p.Enum {
			with(name, o)
		}
		for _, o := range p.Items.Enum {
			with(name, []any{o})
			for _, search := range []string{"search", "agent_id"} {
				if _, ok := s.Properties[search]; ok {
					all[len(all)-1][search] = canary
				}
			}
		}
		if p.Type != "integer" { // else it is a count, which a caller may choose as large as a number
			with(name, canary)
			with(name, canary[2:5]+" "+canary[5:8]+" "+canary[8:]) // as in names
			with(name, []any{canary})
		}
		with(name, 3)
		with(name, true)
		with(name, "2026-11-04")
	}
	with(canary, 1)
	return all
}

// With masking no number of the account or of a question leaves: not in a string of a
// structure, a text, the CSV, an error, a completion or an error of a prompt, of any
// tool that there is. A prompt itself says what a person typed, and asks nobody.
func TestNoNumberLeavesWhereNumbersAreMasked(t *testing.T) {
	quiet := func(what, s string) {
		t.Helper()
		if found := canarySeen.FindString(s); found != "" {
			t.Errorf("%s: %s is in\n%.700s", what, found, s)
		}
	}
	const refusal = `{"success":false,"message":"606 555 0177 is no number","errors":{"search":["+16065550177 is ` +
		`odd"]}}`
	ctx := context.Background()
	for name, api := range map[string]http.RoundTripper{"answers": canaries(t, false), "no calls": canaries(t, true), "refusals": answering(422, refusal)} {
		s := connect(t, api, masked, calling)
		list, err := s.ListTools(ctx, mcp.ListToolsRequest{})
		if err != nil {
			t.Fatal(err)
		}
		hidden := 0
		for _, tool := range list.Tools {
			for i, args := range questions(t, tool) {
				if testing.Short() && i%2 != 0 { // the race detector takes 40 s for all of them
					continue
				}
				raw, _ := json.Marshal(args)
				text, structure := s.call(tool.Name, string(raw))
				what := fmt.Sprintf("%s: %s %s", name, tool.Name, raw)
				quiet(what, text)
				eachString(any(structure), func(s string) { quiet(what+", structure", s) })
				if strings.Contains(text, "****") {
					hidden++
				}
			}
		}
		if hidden < 20 {
			t.Errorf("%s: numbers are hidden in %d answers: the test asks too little", name, hidden)
		}
		for _, query := range []string{"", "?search=" + url.QueryEscape(canary), "?date_from=" + url.QueryEscape(canary), "?" + url.QueryEscape(canary) + "=1", "?status=" + url.QueryEscape(canary)} {
			text, err := resource(t, s, "talkover://calls.csv"+query)
			quiet(name+": calls.csv"+query, fmt.Sprint(text, err))
		}
		for _, argument := range []string{"agent", "agent_id", "campaign", "status", "direction", "number"} {
			for _, typed := range []string{"", "606", canary} {
				quiet(name+": completion of "+argument,
					strings.Join(complete(t, s, argument, typed).Completion.Values, "\n"))
			}
		}
		prompts, err := s.ListPrompts(ctx, mcp.ListPromptsRequest{})
		if err != nil {
			t.Fatal(err)
		}
		for _, p := range prompts.Prompts {
			args := map[string]string{canary: canary}
			for _, a := range p.Arguments {
				args[a.Name] = canary
				if text, err := prompted(t, s, p.Name, map[string]string{a.Name: canary}); err != nil {
					quiet(name+": "+p.Name, err.Error())
				} else if !strings.Contains(text, canary) { // it is for what was typed alone
					quiet(name+": "+p.Name, text)
				}
			}
			if _, err := prompted(t, s, p.Name, args); err == nil {
				t.Errorf("%s takes an argument that is none", p.Name)
			} else {
				quiet(name+": "+p.Name, err.Error())
			}
		}
	}
}

// The canaries above are there to be found: without masking each tool that shows names
// or numbers shows them, in both halves.
func TestNumbersLeaveWhereTheyAreNotMasked(t *testing.T) {
	s := connect(t, canaries(t, false), calling)
	list, err := s.ListTools(context.Background(), mcp.ListToolsRequest{})
	if err != nil {
		t.Fatal(err)
	}
	shown := 0
	for _, tool := range list.Tools {
		args, _ := json.Marshal(questions(t, tool)[0])
		text, structure := s.call(tool.Name, string(args))
		seen := 0
		eachString(any(structure), func(s string) { seen += len(canarySeen.FindAllString(s, -1)) })
		n := len(canarySeen.FindAllString(text, -1))
		if (seen == 0) != (n == 0) {
			t.Errorf("%s: %d canaries in the structure and %d in the text", tool.Name, seen, n)
		}
		if n > 0 {
			shown++
		}
	}
	if shown < 6 {
		t.Errorf("%d tools show canaries", shown)
	}
}
