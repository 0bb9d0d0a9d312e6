// Package chart holds the page that draws an answer: in a host of MCP Apps, which hands it
// the answer, or by itself, with the answer in the file. It is built out of src by
// build.mjs and committed, so that Go needs no Node.
package chart

import (
	"crypto/sha256"
	_ "embed"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"strings"
)

//go:embed calls.html
var page string

// Page returns the page as a host of MCP Apps shows it: one HTML file that loads nothing.
func Page() string { return page }

// slot marks where an answer goes in the page.
const slot = "<!--answer-->"

// Standalone returns the page with an answer in it, to be opened from a file. It takes the
// name of the tool, its arguments, and the result of tools/call. It fails if one of them
// cannot be written as JSON.
//
// A policy in the page lets no script run but the page's own, and nothing load. It comes
// before the answer, so that it holds for whatever a label might smuggle in.
func Standalone(tool string, args map[string]any, result any) (string, error) {
	// json.Marshal writes <, > and & as escapes, so that no label can end the script element.
	answer, err := json.Marshal(struct {
		Tool      string         `json:"tool"`
		Arguments map[string]any `json:"arguments"`
		Result    any            `json:"result"`
	}{tool, args, result})
	if err != nil {
		return "", fmt.Errorf("the answer of %s as JSON: %w", tool, err)
	}
	policy := "default-src 'none'; style-src 'unsafe-inline'; script-src 'sha256-" + scriptHash() + "'"
	head := fmt.Sprintf(`<meta http-equiv="Content-Security-Policy" content="%s">
<script type="application/json" id="answer">%s</script>`, policy, answer)
	return strings.Replace(page, slot, head, 1), nil
}

// scriptHash returns the hash by which a policy knows the page's own script.
func scriptHash() string {
	_, script, _ := strings.Cut(page, "<script>")
	script, _, _ = strings.Cut(script, "</script>")
	sum := sha256.Sum256([]byte(script))
	return base64.StdEncoding.EncodeToString(sum[:])
}
