package cli

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/sethvargo/go-envconfig"
	"github.com/spf13/cobra"

	"github.com/talkover/talkover-mcp/internal/config"
	"github.com/talkover/talkover-mcp/tools"
)

// Run does what the arguments say and returns the exit code. It prints an error to
// stderr, with a line for each fault.
func (p *Program) Run(ctx context.Context, args []string) int {
	defer func() {
		if log, ok := p.Stderr.(*backlog); ok {
			log.close()
		}
	}()
	root := p.Tree()
	root.SetArgs(config.TwoDashes(args))
	err := root.ExecuteContext(ctx)
	var faults config.Faults
	switch {
	case err == nil:
		return Success
	case errors.Is(err, errTold):
		return Failed
	case errors.Is(err, errUntold):
		return Misconfigured
	}
	for line := range strings.Lines(err.Error() + "\n") {
		fmt.Fprint(p.Stderr, "talkover-mcp: "+line)
	}
	if !p.began || errors.As(err, new(misuse)) || errors.As(err, &faults) {
		return Misconfigured
	}
	return Failed
}

// init lets a double click on Windows start the program, which cobra 1.10.2 refuses else.
func init() { cobra.MousetrapHelpText = "" }

// Tree returns the tree of commands: their names, their help, and the methods that
// do them.
func (p *Program) Tree() *cobra.Command {
	root := &cobra.Command{
		Use: "talkover-mcp",
		Long: "talkover-mcp answers questions about the calls of a Talkover account, over MCP.\n" +
			"Without a command it serves: one client over stdio, or with -transport http many\n" +
			"over HTTP, at /mcp, and at /sse for older ones.",
		Args: wantCommand, RunE: p.serve,
		SilenceErrors: true, SilenceUsage: true,
		SuggestionsMinimumDistance: 2,
	}
	kept := &cobra.Command{Use: "cache", Short: "List the readings that are kept in TALKOVER_CACHE_DIR",
		Args: wantNoArguments, RunE: p.listKept}
	clearKept := &cobra.Command{
		Use: "clear", Short: "Delete the kept readings of this token, or with -all those of every token",
		Args: wantNoArguments, RunE: p.clearKept,
	}
	clearKept.Flags().Bool("all", false, "those of every token, also of tokens that are gone")
	kept.AddCommand(clearKept)
	root.AddCommand(
		&cobra.Command{
			Use: "call TOOL [NAME=VALUE ...]", Short: "Call one tool and print what a model would read",
			Long: "Calls one tool and prints what a model would read, or with -json its structured half.\n" +
				"A list is written with commas or as JSON, an object as JSON.",
			Example: "  talkover-mcp call -demo list_calls status=failed per_page=5\n" +
				"  talkover-mcp call -demo get_call_stats date_from=2026-11-01 group_by=agent,status",
			Args: wantCall, RunE: p.call,
		},
		&cobra.Command{
			Use: "chart TOOL [NAME=VALUE ...]", Short: "Call one tool and print a page that draws the answer",
			Long: "Calls one tool, as call does, and prints an HTML page that draws the answer of\n" +
				"find_calls, get_call_stats or list_calls. Send it to a file, as in > calls.html, which a\n" +
				"browser opens without a network.",
			Example: "  talkover-mcp chart -demo get_call_stats date_from=2026-11-01 group_by=day",
			Args:    wantCall, RunE: p.chart,
		},
		&cobra.Command{
			Use:   "check RULE [RULE ...] [NAME=VALUE ...]",
			Short: "Check rules about the figures of get_call_stats, for cron and CI",
			Long: "Asks get_call_stats once and prints a line a rule. A rule is a metric, <, <=, >, >=, ==\n" +
				"or !=, and a number; rates are in per cent. NAME=VALUE are arguments of get_call_stats.\n" +
				"It exits with 0 where all rules hold, 1 where one does not, and 2 where one cannot be\n" +
				"told: the figure is not exact, or Talkover cannot be reached.",
			Example: "  talkover-mcp check -demo 'answer_rate>=50' 'calls>0' period=last_7_days",
			RunE:    p.check,
		},
		&cobra.Command{
			Use: "csv TOOL [NAME=VALUE ...]", Short: "Print the rows of all pages of find_calls or list_calls as CSV",
			Long: "Calls find_calls or list_calls page by page and prints all rows as CSV. The first line, a\n" +
				"comment, says whether these are all; where they are not, it exits with 1. What is still\n" +
				"to be read is waited for, up to a quarter of an hour.",
			Example: "  talkover-mcp csv -demo find_calls period=last_month status=missed",
			Args:    wantCall, RunE: p.csv,
		},
		&cobra.Command{Use: "tools", Short: "Print the tools and their schemas as JSON; needs no token",
			Args: wantNoArguments, RunE: p.listTools},
		&cobra.Command{
			Use: "doctor", Short: "Check settings, network, token, limit and clock, and say what is wrong",
			Args: wantNoArguments, RunE: p.doctor,
		},
		kept,
		&cobra.Command{Use: "healthcheck", Short: "Ask the server at -addr whether it is alive; exit 1 if not",
			Args: wantNoArguments, RunE: p.healthcheck},
		&cobra.Command{Use: "version", Short: "Print the version", Args: wantNoArguments, RunE: p.printVersion},
	)
	root.SetHelpCommand(&cobra.Command{
		Use: "help [COMMAND]", Short: "Print what a command does",
		// cobra's own exits with 0 for a command that does not exist
		RunE: func(_ *cobra.Command, args []string) error {
			about, rest, _ := root.Find(args)
			if len(rest) > 0 {
				return misuse{wantCommand(root, rest)}
			}
			return about.Help()
		},
	})
	root.PersistentFlags().BoolVar(&p.json, "json", false, "print JSON, where there is something to read")
	p.Env = envconfig.MultiLookuper(config.AddFlags(root.PersistentFlags()), p.Env)
	root.Flags().BoolP("version", "v", false, "print the version")
	root.InitDefaultHelpFlag() // else cobra 1.10.2 takes call for the value of -h in "-h call"
	root.SetFlagErrorFunc(func(_ *cobra.Command, err error) error {
		for _, name := range []string{"--port", "--host"} {
			if strings.Contains(err.Error(), "unknown flag: "+name) {
				return fmt.Errorf("%w; the address is one flag: -transport http -addr 127.0.0.1:8080 (see -help)", err)
			}
		}
		return fmt.Errorf("%w (see -help)", err)
	})
	// cobra calls it once words and flags are checked
	root.PersistentPreRun = func(*cobra.Command, []string) { p.began = true }
	root.SetOut(p.Stdout)
	root.SetErr(p.Stderr)
	help := root.HelpFunc()
	root.SetHelpFunc(func(c *cobra.Command, args []string) {
		help(c, args)
		if c == root {
			fmt.Fprint(p.Stdout, "\nEnvironment, which flags override:\n")
			config.Describe(p.Stdout)
		}
	})
	return root
}

// wantCommand refuses words that are not a command, and says what was meant.
func wantCommand(root *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	word := args[0]
	switch near := root.SuggestionsFor(word); {
	case slices.Contains(tools.MeasuredNames(tools.Config{AllowCalls: true}), word):
		return fmt.Errorf("%q is a tool, not a command; to call it: talkover-mcp call %s NAME=VALUE (see -help)",
			word, word)
	case slices.Contains([]string{"serve", "server", "start", "run"}, word):
		return fmt.Errorf("%q is not a command; without one talkover-mcp serves: over stdio, or with -transport "+
			"http over HTTP (see -help)", word)
	case len(near) > 0:
		return fmt.Errorf("%q is not a command; did you mean %s? (see -help)", word, strings.Join(near, " or "))
	}
	var names []string
	for _, c := range root.Commands() {
		if c.IsAvailableCommand() {
			names = append(names, c.Name())
		}
	}
	return fmt.Errorf("%q is not a command; there are %s (see -help)", word, strings.Join(names, ", "))
}

// wantNoArguments refuses arguments of a command that takes none.
func wantNoArguments(c *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	return fmt.Errorf("%q is not a command: %s takes no arguments (see -help)",
		c.Name()+" "+strings.Join(args, " "), c.Name())
}

// wantCall refuses all but the name of a tool and its arguments.
func wantCall(c *cobra.Command, args []string) error {
	if len(args) == 0 {
		return fmt.Errorf("%s: which tool? (see -help)", c.Name())
	}
	for _, pair := range args[1:] {
		if !strings.Contains(pair, "=") {
			return fmt.Errorf("%s: %q is not of the form name=value", c.Name(), pair)
		}
	}
	return nil
}
