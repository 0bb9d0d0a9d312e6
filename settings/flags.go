package settings

import (
	"flag"
	"fmt"
	"io"
)

// Options are what the flags say.
type Options struct {
	Env      map[string]string // settings that flags set
	Version  bool
	Help     bool
	JSON     bool     // of call
	Commands []string // what is no flag
}

// Parse reads flags wherever they stand. The error is one line.
func Parse(args []string) (Options, error) {
	o := Options{Env: map[string]string{}}
	fs := flag.NewFlagSet("talkover-mcp", flag.ContinueOnError)
	fs.SetOutput(io.Discard)
	fs.BoolVar(&o.Version, "version", false, "")
	fs.BoolVar(&o.Help, "help", false, "")
	fs.BoolVar(&o.Help, "h", false, "")
	fs.BoolVar(&o.JSON, "json", false, "")
	for _, s := range All() {
		set := func(value string) error { o.Env[s.Env] = value; return nil }
		switch {
		case s.Flag == "":
		case s.Default == "false":
			fs.BoolFunc(s.Flag, "", set)
		default:
			fs.Func(s.Flag, "", set)
		}
	}
	for {
		if err := fs.Parse(args); err != nil {
			return o, fmt.Errorf("%w (see -help)", err)
		}
		if fs.NArg() == 0 {
			return o, nil
		}
		o.Commands = append(o.Commands, fs.Arg(0))
		args = fs.Args()[1:]
	}
}

// Usage is the head of the help.
const Usage = `talkover-mcp answers questions about the calls of a Talkover account, over MCP.

  talkover-mcp                                  serve a client over stdio
  talkover-mcp -transport http                  serve clients over HTTP: /mcp, and /sse for older ones
  talkover-mcp call [-json] TOOL [name=value ...]   call one tool and print what a model would read
  talkover-mcp tools                            print the tools and their schemas as JSON
  talkover-mcp doctor                           check settings, network, token, limit and clock, and say what is wrong
  talkover-mcp healthcheck                      ask the server at -addr whether it is alive; exit 1 if not

Flags go before the environment:
  -demo             answer from an invented account; no token, no network
  -transport NAME   stdio, sse or http
  -addr HOST:PORT   where sse and http listen
  -version          print the version
  -help             print this

Environment:
`

// Help prints what there is and every setting.
func Help(w io.Writer) {
	fmt.Fprint(w, Usage)
	for _, s := range All() {
		preset := s.Default
		if preset == "" {
			preset = "none"
		}
		fmt.Fprintf(w, "  %s (%s; default: %s)\n      %s\n", s.Env, s.Takes, preset, s.Means)
	}
}
