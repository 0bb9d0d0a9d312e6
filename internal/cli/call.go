package cli

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/mark3labs/mcp-go/mcp"
	"github.com/spf13/cobra"

	"github.com/talkover/talkover-mcp/internal/config"
	"github.com/talkover/talkover-mcp/internal/transport"
	"github.com/talkover/talkover-mcp/tools"
)

// call calls one tool and prints what a model would read.
func (p *Program) call(cmd *cobra.Command, args []string) error {
	result, err := p.callOnce(cmd, args[0], valuesOf(args[1:]))
	if err != nil {
		return err
	}
	shown := textOf(result)
	if result.IsError {
		return cmp.Or(p.print(shown, map[string]string{"error": shown}), errTold)
	}
	return p.print(shown, result.StructuredContent)
}

// caller calls a tool with values as text, which the tool reads by its schema.
type caller func(tool string, values map[string]any) (*mcp.CallToolResult, error)

// callOnce calls one tool through the server, as a client does.
func (p *Program) callOnce(
	cmd *cobra.Command, tool string, values map[string]any,
) (result *mcp.CallToolResult, err error) {
	err = p.connected(cmd, func(call caller) (err error) {
		result, err = call(tool, values)
		return err
	})
	return result, err
}

// connected runs use with a way to call tools through a server.
func (p *Program) connected(cmd *cobra.Command, use func(caller) error) error {
	ctx := cmd.Context()
	c, err := config.Load(ctx, p.Env)
	if err != nil {
		return err
	}
	s, err := p.open(ctx, c.Quiet(), nil)
	if err != nil {
		return err
	}
	defer s.close()
	client := transport.Connect(s.server)
	var progress func(done, total int, what string)
	line := &bar{to: p.Stderr}
	if config.IsTerminal(p.Stderr) {
		progress = line.draw
	}
	return use(func(tool string, values map[string]any) (*mcp.CallToolResult, error) {
		defer line.erase()
		return client.Call(ctx, tool, values, progress)
	})
}

// valuesOf reads arguments of the form name=value.
func valuesOf(pairs []string) map[string]any {
	values := map[string]any{}
	for _, pair := range pairs {
		name, value, _ := strings.Cut(pair, "=")
		values[name] = value
	}
	return values
}

// textOf returns what a model would read of a result.
func textOf(result *mcp.CallToolResult) string {
	var text strings.Builder
	for _, content := range result.Content {
		if c, ok := content.(mcp.TextContent); ok {
			text.WriteString(c.Text)
		}
	}
	return strings.TrimRight(text.String(), "\n")
}

// listTools prints the tools that a client gets with these settings. It needs no token.
func (p *Program) listTools(cmd *cobra.Command, _ []string) error {
	ctx := cmd.Context()
	c, err := config.Load(ctx, p.Env)
	var faults config.Faults
	if errors.As(err, &faults) {
		err = faults.Except("TALKOVER_TOKEN", "TALKOVER_TOKEN_FILE")
	}
	if err != nil {
		return err
	}
	s := tools.New(ToolsOf(c, p.Version))
	list, err := transport.Connect(s).Tools(ctx)
	if err != nil {
		return err
	}
	return p.printJSON(map[string]any{"tools": list}) // a schema has no other form
}

// bar draws on a terminal how far a call is.
type bar struct {
	to    io.Writer
	drawn int // the length of the longest line so far, in characters
}

// draw replaces the line. The tools report before each request, so that the last of the
// done requests is only on its way.
func (b *bar) draw(done, total int, what string) {
	const full = 20
	part := min(max(done-1, 0), total) * full / max(total, 1)
	line := fmt.Sprintf("[%s%s] %s", strings.Repeat("#", part), strings.Repeat("-", full-part), what)
	fmt.Fprintf(b.to, "\r%-*s", b.drawn, line)
	b.drawn = max(b.drawn, len(line))
}

// erase makes the line blank again.
func (b *bar) erase() {
	if b.drawn > 0 {
		fmt.Fprintf(b.to, "\r%*s\r", b.drawn, "")
	}
}
