package cli

import (
	"cmp"
	"context"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/talkover/talkover-mcp/internal/config"
	"github.com/talkover/talkover-mcp/internal/config/doctor"
	"github.com/talkover/talkover-mcp/internal/httpserver"
)

// doctor prints what it finds wrong, in words.
func (p *Program) doctor(cmd *cobra.Command, _ []string) error {
	found := doctor.Diagnose(cmd.Context(), p.Env, p.Names, p.Version, p.Stderr)
	failures := found.Checks(doctor.Failure)
	err := p.print(found.String(), struct {
		OK       bool            `json:"ok"`
		Summary  string          `json:"summary"`
		Findings doctor.Findings `json:"findings"`
	}{failures == nil, found.Summary(), found})
	if err == nil && failures != nil {
		return errTold
	}
	return err
}

// healthcheck asks the server with these settings whether it is alive. A container has no
// other program to ask with. It prints nothing where the server is well, since the exit
// code says so.
func (p *Program) healthcheck(cmd *cobra.Command, _ []string) error {
	err := p.probe(cmd.Context())
	if err != nil {
		err = fmt.Errorf("healthcheck: %w", err)
	}
	if !p.json {
		return err
	}
	answer := map[string]any{"alive": err == nil}
	if err != nil {
		answer["why"], err = err.Error(), errTold
	}
	return cmp.Or(p.printJSON(answer), err)
}

// probe asks the server at MCP_ADDR or -addr. It needs no account, so that it ignores faults of
// settings which do not matter to the address.
func (p *Program) probe(ctx context.Context) error {
	c, err := config.Load(ctx, p.Env)
	var faults config.Faults
	if errors.As(err, &faults) {
		for _, fault := range faults {
			if fault.Setting == "MCP_TRANSPORT" {
				return errors.New(fault.String())
			}
		}
	}
	if _, given := p.Env.Lookup("MCP_ADDR"); c.Transport == "stdio" && !given {
		return errors.New("over stdio there is nothing to ask; give it the address of the server: -addr, or " +
			"MCP_TRANSPORT and MCP_ADDR")
	}
	return httpserver.Probe(ctx, c.Addr)
}
