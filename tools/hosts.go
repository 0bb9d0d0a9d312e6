package tools

// hostArguments names what hosts add to the arguments of each call, and the host: no model can
// leave them out, so a refusal would end every call. docs/troubleshooting.md lists them.
var hostArguments = map[string]string{
	"toolCallId": "n8n",
	"sessionId":  "n8n",
	"action":     "n8n",
	"chatInput":  "n8n",
	"tool":       "n8n",
}
