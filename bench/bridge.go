// Package bench compares talkover-mcp with the thinnest bridge to the same API.
//
// It has a module of its own, so that the server does not depend on the SDK of the bridge.
package bench

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"

	"github.com/modelcontextprotocol/go-sdk/mcp"
)

// bridgeSchema describes the parameters of List Calls.
const bridgeSchema = `{"type":"object","properties":{
	"status":{"type":"string"},"direction":{"type":"string"},"agent_id":{"type":"string"},
	"date_from":{"type":"string"},"date_to":{"type":"string"},"search":{"type":"string"},
	"per_page":{"type":"integer"},"page":{"type":"integer"}}}`

// Bridge returns the smallest MCP server of the API at base that the official SDK allows: it sends the arguments of
// list_calls as the query of GET base/calls, and answers with the body as one text. It uses what makes the SDK fast: a
// handler that takes raw arguments and checks no schema, no sessions, no event streams and no log. It keeps at most conns
// idle connections to the API.
func Bridge(base, token string, conns int) http.Handler {
	api := &api{base: base, token: token, client: &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: conns}}}
	s := mcp.NewServer(&mcp.Implementation{Name: "bridge", Version: "1"}, nil)
	s.AddTool(&mcp.Tool{
		Name: "list_calls", Description: "Lists phone calls.", InputSchema: json.RawMessage(bridgeSchema),
	}, func(ctx context.Context, r *mcp.CallToolRequest) (*mcp.CallToolResult, error) {
		body, err := api.listCalls(ctx, r.Params.Arguments)
		if err != nil {
			return nil, err
		}
		return &mcp.CallToolResult{Content: []mcp.Content{&mcp.TextContent{Text: body}}}, nil
	})
	return mcp.NewStreamableHTTPHandler(
		func(*http.Request) *mcp.Server { return s },
		&mcp.StreamableHTTPOptions{Stateless: true, JSONResponse: true},
	)
}

// api calls the API for the bridge.
type api struct {
	base, token string
	client      *http.Client
}

// listCalls returns the body of GET /calls unchanged.
func (a *api) listCalls(ctx context.Context, arguments json.RawMessage) (string, error) {
	query, err := queryOf(arguments)
	if err != nil {
		return "", err
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, a.base+"/calls?"+query, nil)
	if err != nil {
		return "", fmt.Errorf("bridge: %w", err)
	}
	r.Header.Set("Authorization", "Bearer "+a.token)
	res, err := a.client.Do(r)
	if err != nil {
		return "", fmt.Errorf("bridge: %w", err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		return "", fmt.Errorf("bridge: read the answer: %w", err)
	}
	if res.StatusCode != http.StatusOK {
		return "", errors.New(res.Status)
	}
	return string(body), nil
}

// queryOf writes arguments as a query: strings without their quotes, other values as their JSON.
func queryOf(arguments json.RawMessage) (string, error) {
	var members map[string]json.RawMessage
	if err := json.Unmarshal(arguments, &members); err != nil {
		return "", fmt.Errorf("bridge: arguments: %w", err)
	}
	query := url.Values{}
	for name, raw := range members {
		value := string(raw)
		if value[0] == '"' {
			if err := json.Unmarshal(raw, &value); err != nil {
				return "", fmt.Errorf("bridge: argument %s: %w", name, err)
			}
		}
		query.Set(name, value)
	}
	return query.Encode(), nil
}
