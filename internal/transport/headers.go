package transport

import (
	"encoding/json"
	"net/http"

	"github.com/mark3labs/mcp-go/mcp"
)

// contradiction answers a message whose headers name another method, tool, prompt or
// resource than its body: a proxy that goes by the headers would let it pass for what it
// is not. It is nil where they agree, or say nothing.
func (m message) contradiction(h http.Header, body []byte) mcp.JSONRPCMessage {
	if methods := h.Values(mcp.HeaderMethod); len(methods) > 1 || len(methods) == 1 && methods[0] != string(m.Method) {
		return m.mismatch(mcp.HeaderMethod)
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
		return m.mismatch(mcp.HeaderName)
	}
	return nil
}

func (m message) mismatch(header string) mcp.JSONRPCMessage {
	return m.no(mcp.HEADER_MISMATCH, "the header "+header+" is missing, or says something else than the body")
}

// otherVersion answers a request at /mcp whose headers are not those of the version of MCP
// that it speaks. It is nil for others.
func (m message) otherVersion(h http.Header) mcp.JSONRPCMessage {
	header, body := h.Get(mcp.HeaderProtocolVersion), m.Params.Meta.Version
	isModern := mcp.IsModernProtocol(header) || mcp.IsModernProtocol(body)
	switch {
	case !m.isRequest():
	case !isModern:
		if header != "" && m.Method != mcp.MethodInitialize && !mcp.IsValidProtocolVersion(header) {
			return m.no(mcp.INVALID_REQUEST, "this version of MCP is not known; the newest is "+
				mcp.ProtocolVersion20260728)
		}
	case body == "":
		return m.no(mcp.INVALID_PARAMS, "the field "+mcp.MetaKeyProtocolVersion+" of _meta is missing")
	case header != body:
		return m.mismatch(mcp.HeaderProtocolVersion)
	case h.Get(mcp.HeaderLastEventID) != "":
		return m.no(mcp.HEADER_MISMATCH, "no stream can be resumed; send the request again")
	case h.Get(mcp.HeaderMethod) == "":
		return m.mismatch(mcp.HeaderMethod)
	case h.Get(mcp.HeaderName) == "" && mcp.MethodRequiresNameHeader(m.Method):
		return m.mismatch(mcp.HeaderName)
	}
	return nil
}

// status returns the status of HTTP for a response at /mcp. Before 2026-07-28 the error of a
// request had 200.
func (m message) status(response mcp.JSONRPCMessage) int {
	failed, isError := response.(mcp.JSONRPCError)
	switch {
	case !isError, failed.Error.Code == mcp.INTERNAL_ERROR,
		m.isRequest() && isID(m.ID) && !mcp.IsModernProtocol(m.Params.Meta.Version):
		return http.StatusOK
	case failed.Error.Code == mcp.METHOD_NOT_FOUND:
		return http.StatusNotFound
	}
	return http.StatusBadRequest
}
