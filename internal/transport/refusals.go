package transport

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"unicode"

	"github.com/mark3labs/mcp-go/mcp"
)

// Bounds on what errors of mcp-go v1.2.1 quote of a message, in bytes.
const (
	maxWord     = 128      // of a method, a name or a version
	maxURI      = 1 << 10  // of an address
	maxGreeting = 64 << 10 // of initialize: a session keeps what its client says of itself for as long as it lasts
)

// refusal answers a message that is not to be passed on: one that an error would quote at
// length, or with characters that nobody sees. It is nil for others.
func (m message) refusal(size int) mcp.JSONRPCMessage {
	no := func(code int, why string) mcp.JSONRPCMessage {
		return mcp.NewJSONRPCError(mcp.NewRequestId(m.ID), code, why, nil)
	}
	if m.Method == mcp.MethodInitialize && size > maxGreeting {
		return no(mcp.INVALID_REQUEST, fmt.Sprintf("initialize may have at most %d bytes", maxGreeting))
	}
	if !isShown(string(m.Method), maxWord) {
		return no(mcp.METHOD_NOT_FOUND, fmt.Sprintf("a method has up to %d visible characters", maxWord))
	}
	for _, quoted := range []struct {
		what  string
		value any
		most  int
	}{{"a name", m.Params.Name, maxWord}, {"an address", m.Params.URI, maxURI}, {"a protocol version", m.Params.Meta.Version, maxWord}} {
		if text, ok := quoted.value.(string); ok && !isShown(text, quoted.most) {
			return no(mcp.INVALID_PARAMS, fmt.Sprintf("%s has at most %d bytes, and none that are invisible", quoted.what, quoted.most))
		}
	}
	return nil
}

// isShown reports whether a text is short, and shows all that it holds.
func isShown(s string, most int) bool {
	return len(s) <= most && !strings.ContainsFunc(s, func(r rune) bool { return !unicode.IsPrint(r) })
}

// contradiction answers a message whose headers name another method, tool, prompt or
// resource than its body: a proxy that goes by the headers would let it pass for what it
// is not. mcp-go v1.2.1 compares them for clients of 2026-07-28 alone. It is nil where
// they agree, or say nothing.
func (m message) contradiction(h http.Header, body []byte) mcp.JSONRPCMessage {
	no := func(header string) mcp.JSONRPCMessage {
		return mcp.NewJSONRPCError(mcp.NewRequestId(m.ID), mcp.HEADER_MISMATCH, "the header "+header+" says something else than the body", nil)
	}
	if methods := h.Values(mcp.HeaderMethod); len(methods) > 1 || len(methods) == 1 && methods[0] != string(m.Method) {
		return no(mcp.HeaderMethod)
	}
	names := h.Values(mcp.HeaderName)
	if len(names) == 0 || !mcp.MethodRequiresNameHeader(m.Method) {
		return nil
	}
	var of struct {
		Params json.RawMessage `json:"params"`
	}
	_ = json.Unmarshal(body, &of) // mcp-go has words for what is no JSON
	said, isEncoded := mcp.DecodeHeaderValue(names[0])
	meant, isNamed := mcp.ExtractHeaderName(m.Method, of.Params)
	if len(names) > 1 || !isEncoded || !isNamed || said != meant {
		return no(mcp.HeaderName)
	}
	return nil
}

// answerJSON answers with a message.
func answerJSON(w http.ResponseWriter, status int, message mcp.JSONRPCMessage) {
	err := encode(message, func(b []byte) {
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(status)
		_, _ = w.Write(b)
	})
	if err != nil {
		http.Error(w, "the answer cannot be written as JSON", http.StatusInternalServerError)
	}
}
