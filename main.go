// Command talkover-mcp is an MCP server that answers an assistant's questions
// about the phone calls of a Talkover account.
package main

import (
	"context"
	"os"
	"os/signal"
	"runtime/debug"
	"strings"
	"syscall"
	_ "time/tzdata" // zones, where the system has none

	"github.com/sethvargo/go-envconfig"

	"github.com/talkover/talkover-mcp/internal/cli"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // a second signal ends the process at once
	p := &cli.Program{Version: version(), Env: envconfig.OsLookuper(), Names: names(), Stdin: os.Stdin,
		Stdout: os.Stdout, Stderr: os.Stderr}
	code := p.Run(ctx, os.Args[1:])
	stop()
	os.Exit(code)
}

// names returns the names of all variables of the environment.
func names() []string {
	var all []string
	for _, pair := range os.Environ() {
		name, _, _ := strings.Cut(pair, "=")
		all = append(all, name)
	}
	return all
}

// release is the version of a release, which the linker sets (-X main.release).
var release string

// version returns the version of the release, or else of the module that was built.
func version() string {
	if release != "" {
		return release
	}
	if info, ok := debug.ReadBuildInfo(); ok && info.Main.Version != "" && info.Main.Version != "(devel)" {
		return strings.TrimPrefix(info.Main.Version, "v")
	}
	return "dev"
}
