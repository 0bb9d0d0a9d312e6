package transport_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/talkover/talkover-mcp/transport"
)

// There is nothing to subscribe to, and each who asks is told so before the end.
func TestEachSubscriptionIsAcknowledged(t *testing.T) {
	s := httptest.NewServer(transport.NewHTTP(plain(), streamable))
	defer s.Close()
	const meta = `"_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientInfo":{"name":"t","version":"1"},"io.modelcontextprotocol/clientCapabilities":{}}`
	ask := func(params string) (int, string) {
		r, _ := http.NewRequest(http.MethodPost, s.URL+"/mcp", strings.NewReader(`{"jsonrpc":"2.0","id":7,"method":"subscriptions/listen","params":{`+params+meta+`}}`))
		r.Header = http.Header{
			"Content-Type": {jsonType}, "Accept": {jsonType + ", text/event-stream"},
			"Mcp-Protocol-Version": {"2026-07-28"}, "Mcp-Method": {"subscriptions/listen"},
		}
		res, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		defer res.Body.Close()
		body, err := io.ReadAll(res.Body)
		if err != nil {
			t.Fatal(err)
		}
		return res.StatusCode, string(body)
	}
	for range 300 {
		status, body := ask(`"notifications":{"toolsListChanged":true},`)
		// Two events, of which the first is the acknowledgement.
		events := strings.Split(strings.TrimSpace(body), "\n\n")
		if status != http.StatusOK || len(events) != 2 || !strings.Contains(events[1], `"result":`) || !strings.Contains(events[0],
			`data: {"jsonrpc":"2.0","method":"notifications/subscriptions/acknowledged","params":{"_meta":{"io.modelcontextprotocol/subscriptionId":7},"notifications":{}}}`) {
			t.Fatal(status, body)
		}
	}
	if status, body := ask(`"notifications":7,`); strings.Contains(body, "acknowledged") || !strings.Contains(body, `"error":`) {
		t.Error(status, body)
	}
	http.DefaultClient.CloseIdleConnections()
}
