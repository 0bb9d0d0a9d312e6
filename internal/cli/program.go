// Package cli is the command line: the commands, what they print, and their exit
// codes. It joins the settings, the tools and the transports to a program.
package cli

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"runtime"

	"github.com/sethvargo/go-envconfig"
	"github.com/spf13/cobra"
)

// The exit codes of a run.
const (
	Success       = 0
	Failed        = 1 // a tool answered with an error, a check failed, or a server broke
	Misconfigured = 2 // arguments, flags or environment must change, or check cannot tell
)

// Program holds what a run of talkover-mcp reads from and writes to.
type Program struct {
	Version string // of the program
	Env     envconfig.Lookuper
	Names   []string // of all variables of the environment; the doctor looks for misspelt ones
	Stdin   io.Reader
	Stdout  io.Writer
	Stderr  io.Writer

	json  bool // whether -json was given
	began bool // whether words and flags were a command's; an error before that is one of them
}

// misuse wraps an error that goes away only with other arguments or settings.
type misuse struct{ error }

// errTold makes the exit code that of a failure which stdout tells already.
var errTold = errors.New("told on stdout")

// errUntold makes the exit code that of a check that cannot tell, which stdout says already.
var errUntold = errors.New("not to be told")

// print prints the text, or with -json the value.
func (p *Program) print(text string, value any) error {
	if p.json {
		return p.printJSON(value)
	}
	_, err := fmt.Fprintln(p.Stdout, text)
	return err
}

func (p *Program) printJSON(value any) error {
	e := json.NewEncoder(p.Stdout)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	return e.Encode(value)
}

// printVersion prints the version, and with -json also what it was built with and for.
func (p *Program) printVersion(*cobra.Command, []string) error {
	return p.print("talkover-mcp "+p.Version, map[string]string{
		"version": p.Version, "go": runtime.Version(), "os": runtime.GOOS, "arch": runtime.GOARCH,
	})
}
