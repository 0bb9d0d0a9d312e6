package telemetry

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"strings"

	"github.com/mark3labs/mcp-go/mcp"
	"github.com/mark3labs/mcp-go/server"
	"github.com/prometheus/client_golang/prometheus"
)

// unknown is the label for a name that the server does not have.
const unknown = "unknown"

// methods are those that the server answers, and that have a label of their own.
var methods = []mcp.MCPMethod{
	mcp.MethodInitialize, mcp.MethodPing, mcp.MethodToolsList, mcp.MethodToolsCall, mcp.MethodPromptsList,
	mcp.MethodPromptsGet,
	mcp.MethodResourcesList, mcp.MethodResourcesTemplatesList, mcp.MethodResourcesRead, mcp.MethodCompletionComplete,
	mcp.MethodServerDiscover, mcp.MethodSubscriptionsListen,
}

// outcomesByCode has a word for each error of JSON-RPC that mcp-go answers with.
var outcomesByCode = map[int]string{
	mcp.PARSE_ERROR: "invalid_request", mcp.INVALID_REQUEST: "invalid_request", mcp.METHOD_NOT_FOUND: "unknown_method",
	mcp.INVALID_PARAMS: "invalid_params", mcp.RESOURCE_NOT_FOUND: "not_found", mcp.INTERNAL_ERROR: "internal_error",
}

// Server tells of a server what its metrics need.
type Server struct {
	Tools     []string // the names of tools, and of other operations that take as long
	Counting  []string // those of them whose answers say how exact they are
	Resources []string // the names of resources, which their addresses end in
	// Outcomes lists how operations of a name may end.
	Outcomes func(name string) []string
	// Client returns a word for a client by the name that it gives itself: one of a fixed
	// set, or "" for others.
	Client func(name string) string
}

// requests counts what clients ask, by the hooks of a server.
type requests struct {
	about   Server
	names   map[mcp.MCPMethod][]string // that a request of the method may be about
	total   *prometheus.CounterVec
	clients *prometheus.CounterVec
	answers *prometheus.CounterVec
	rest    *prometheus.CounterVec
}

// Watch counts the requests that a server answers. It sets every count of what is known
// before to zero, so that the first failure shows as an increase.
func (m *Metrics) Watch(s *server.MCPServer, about Server) {
	hooks := s.GetHooks()
	r := &requests{
		about: about,
		total: m.counters("requests_total", "Requests of clients by method, by the tool, prompt or resource that "+
			"they are about, and by outcome: "+
			"ok, or a word for the error of JSON-RPC.", "method", "name", "outcome"),
		clients: m.counters("clients_total", "Greetings (initialize, server/discover) by client and by the version "+
			"of the protocol that was agreed on.",
			"client", "protocol"),
		answers: m.counters("answers_total", "Answers of tools that count calls: exact, part (exact for a part of "+
			"what was asked), or inexact.",
			"tool", "exactness"),
		rest: m.counters("answer_calls_total", "Calls that these answers rest on: from the cache, read from the API "+
			"now, or counted by the API and not read.",
			"source"),
	}
	r.zero(m, s)
	hooks.AddOnRequestInitialization(r.arrived)
	hooks.AddOnSuccess(r.succeeded)
	hooks.AddOnError(r.failed)
}

// zero makes the series whose labels are known.
func (r *requests) zero(m *Metrics, s *server.MCPServer) {
	prompts := []string{unknown}
	for name := range s.ListPrompts() {
		prompts = append(prompts, name)
	}
	resources := append(slices.Clone(r.about.Resources), unknown)
	r.names = map[mcp.MCPMethod][]string{
		mcp.MethodToolsCall: {unknown}, mcp.MethodPromptsGet: prompts, mcp.MethodResourcesRead: resources,
		mcp.MethodCompletionComplete: slices.Concat(prompts, r.about.Resources),
	}
	for name := range s.ListTools() {
		r.names[mcp.MethodToolsCall] = append(r.names[mcp.MethodToolsCall], name)
	}
	for _, method := range methods {
		names := r.names[method]
		if names == nil {
			names = []string{""}
		}
		for _, name := range names {
			r.total.WithLabelValues(string(method), name, "ok")
			r.total.WithLabelValues(string(method), name, "invalid_params")
			r.total.WithLabelValues(string(method), name, "internal_error")
		}
	}
	r.total.WithLabelValues(other, "", "unknown_method")
	for _, name := range r.about.Tools {
		m.inFlight.WithLabelValues(name)
		for _, outcome := range r.about.Outcomes(name) {
			m.calls.WithLabelValues(name, outcome)
		}
	}
	m.calls.WithLabelValues(unknown, "unknown_tool")
	for _, tool := range r.about.Counting {
		for _, exactness := range []string{"exact", "part", "inexact"} {
			r.answers.WithLabelValues(tool, exactness)
		}
	}
	for _, source := range []string{"cache", "read", "counted"} {
		r.rest.WithLabelValues(source)
	}
}

// arrived counts a request of a method that the server does not have: mcp-go v1.2.1 calls
// no other hook for it.
func (r *requests) arrived(_ context.Context, _ any, message any) error {
	raw, _ := message.(json.RawMessage)
	var m struct{ Method mcp.MCPMethod }
	if json.Unmarshal(raw, &m) == nil && !slices.Contains(methods, m.Method) {
		r.total.WithLabelValues(other, "", "unknown_method").Inc()
	}
	return nil
}

func (r *requests) succeeded(ctx context.Context, _ any, method mcp.MCPMethod, message, result any) {
	r.count(method, message, "ok")
	switch method {
	case mcp.MethodInitialize:
		if greeting, ok := message.(*mcp.InitializeRequest); ok {
			agreed := ""
			if result, ok := result.(*mcp.InitializeResult); ok {
				agreed = result.ProtocolVersion
			}
			r.greeted(greeting.Params.ClientInfo.Name, agreed)
		}
	case mcp.MethodServerDiscover:
		if info := server.RequestProtocolInfoFromContext(ctx); info != nil {
			name := ""
			if info.ClientInfo != nil {
				name = info.ClientInfo.Name
			}
			r.greeted(name, info.ProtocolVersion)
		}
	case mcp.MethodToolsCall:
		r.answered(message, result)
	}
}

func (r *requests) failed(_ context.Context, _ any, method mcp.MCPMethod, message any, err error) {
	code := 0
	var own interface{ RPCCode() int }                      // of a handler's error that knows its code
	var made interface{ ToJSONRPCError() mcp.JSONRPCError } // of mcp-go's own errors
	if errors.As(err, &own) {
		code = own.RPCCode()
	} else if errors.As(err, &made) {
		code = made.ToJSONRPCError().Error.Code
	}
	outcome, ok := outcomesByCode[code]
	if !ok {
		outcome = other
	}
	r.count(method, message, outcome)
}

// count counts a request that is answered.
func (r *requests) count(method mcp.MCPMethod, message any, outcome string) {
	if !slices.Contains(methods, method) {
		return // arrived counts it
	}
	name := r.nameOf(message)
	if known := r.names[method]; known == nil {
		name = ""
	} else if !slices.Contains(known, name) {
		name = unknown // it could be anything
	}
	r.total.WithLabelValues(string(method), name, outcome).Inc()
}

// nameOf returns what a request is about.
func (r *requests) nameOf(message any) string {
	switch message := message.(type) {
	case *mcp.CallToolRequest:
		return message.Params.Name
	case *mcp.GetPromptRequest:
		return message.Params.Name
	case *mcp.ReadResourceRequest:
		return resourceName(message.Params.URI)
	case *mcp.CompleteRequest:
		switch ref := message.Params.Ref.(type) {
		case mcp.PromptReference:
			return ref.Name
		case mcp.ResourceReference:
			return resourceName(ref.URI)
		}
	}
	return ""
}

// resourceName returns the name that an address, or a template of addresses, ends in.
func resourceName(uri string) string {
	if i := strings.IndexAny(uri, "?{"); i >= 0 {
		uri = uri[:i]
	}
	return uri[strings.LastIndexByte(uri, '/')+1:]
}

// greeted counts a client. What it says of itself could be anything.
func (r *requests) greeted(client, protocol string) {
	word := r.about.Client(client)
	if word == "" {
		word = other
	}
	if !mcp.IsValidProtocolVersion(protocol) {
		protocol = other
	}
	r.clients.WithLabelValues(word, protocol).Inc()
}

// measured is the structure of an answer that says how exact it is, and how many calls it
// rests on by where they are from.
type measured interface {
	Measured() (exactness string, cached, read, counted int)
}

// answered counts an answer of a tool.
func (r *requests) answered(message, result any) {
	call, isCall := message.(*mcp.CallToolRequest)
	var structure any
	switch result := result.(type) {
	case *mcp.CallToolResult:
		structure = result.StructuredContent
	case mcp.CallToolResult:
		structure = result.StructuredContent
	}
	m, ok := structure.(measured)
	if !isCall || !ok || !slices.Contains(r.about.Counting, call.Params.Name) {
		return
	}
	exactness, cached, read, counted := m.Measured()
	r.answers.WithLabelValues(call.Params.Name, exactness).Inc()
	r.rest.WithLabelValues("cache").Add(float64(cached))
	r.rest.WithLabelValues("read").Add(float64(read))
	r.rest.WithLabelValues("counted").Add(float64(counted))
}
