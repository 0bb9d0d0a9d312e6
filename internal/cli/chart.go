package cli

import (
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/talkover/talkover-mcp/internal/config"
	"github.com/talkover/talkover-mcp/tools/chart"
)

// chart calls one tool and prints a page that shows its answer.
func (p *Program) chart(cmd *cobra.Command, args []string) error {
	switch {
	case p.json:
		return misuse{errors.New("-json: chart prints HTML; call prints JSON")}
	case config.IsTerminal(p.Stdout):
		return misuse{errors.New("chart: it prints a page for a browser; send it to a file, as in > calls.html")}
	}
	values := valuesOf(args[1:])
	result, err := p.callOnce(cmd, args[0], values)
	if err != nil {
		return err
	}
	if result.IsError {
		return errors.New(textOf(result))
	}
	page, err := chart.Standalone(args[0], values, result)
	if err != nil {
		return err
	}
	_, err = fmt.Fprint(p.Stdout, page)
	return err
}
