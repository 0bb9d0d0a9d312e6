// Command release makes the MCP bundles of a release and its entry in the MCP registry. It runs at the root of the
// repository. GoReleaser makes the archives, and deploy/Dockerfile the image.
//
//	go run ./deploy/release bundle -binary PATH -os OS -arch ARCH -version V -out DIR [-folder]
//	go run ./deploy/release server -version V -bundles DIR [-image REF] [-schema FILE]
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
)

const usage = `release makes MCP bundles and the entry of the MCP registry.

  release bundle -binary PATH -os OS -arch ARCH -version V -out DIR [-folder]
      writes DIR/talkover-mcp_V_OS_ARCH.mcpb; with -folder, the folder that it would hold
  release server -version V -bundles DIR [-image REF] [-schema FILE]
      prints server.json for the bundles of V in DIR and the image REF, which is
      ` + image + `:V if not given; with -schema, only if that JSON schema takes it
`

func main() {
	if err := run(context.Background(), os.DirFS("."), os.Args[1:], os.Stdout); err != nil {
		for line := range strings.Lines(err.Error() + "\n") {
			fmt.Fprint(os.Stderr, "release: "+line)
		}
		os.Exit(1)
	}
}

// run runs the command that the arguments name. It reads files of the repository from root.
func run(ctx context.Context, root fs.FS, args []string, stdout io.Writer) error {
	if len(args) == 0 {
		args = []string{""}
	}
	switch args[0] {
	case "bundle":
		return runBundle(ctx, root, args[1:])
	case "server":
		return runServer(root, args[1:], stdout)
	case "help", "-h", "-help", "--help":
		_, err := io.WriteString(stdout, usage)
		return err
	}
	return fmt.Errorf("%q is no command: bundle or server (see help)", args[0])
}

func runBundle(ctx context.Context, root fs.FS, args []string) error {
	var t target
	f := newFlags("bundle")
	binary := f.String("binary", "", "")
	f.StringVar(&t.os, "os", "", "")
	f.StringVar(&t.arch, "arch", "", "")
	f.StringVar(&t.version, "version", "", "")
	out := f.String("out", "", "")
	folder := f.Bool("folder", false, "")
	if err := f.read(args, "binary", "os", "arch", "version", "out"); err != nil {
		return err
	}
	if err := errors.Join(checkVersion(t.version), t.check()); err != nil {
		return err
	}
	program, err := os.ReadFile(*binary)
	if err != nil {
		return fmt.Errorf("-binary: takes the path of a program that can be read: %w", err)
	}
	if err := t.checkProgram(program); err != nil {
		return err
	}
	all, err := t.files(ctx, root, program)
	if err != nil {
		return err
	}
	if *folder {
		return writeFolder(filepath.Join(*out, t.name()), all)
	}
	return writeBundle(filepath.Join(*out, t.name()+".mcpb"), all)
}

func runServer(root fs.FS, args []string, stdout io.Writer) error {
	f := newFlags("server")
	version := f.String("version", "", "")
	bundles := f.String("bundles", "", "")
	ref := f.String("image", "", "")
	schema := f.String("schema", "", "")
	if err := f.read(args, "version", "bundles"); err != nil {
		return err
	}
	if err := checkVersion(*version); err != nil {
		return err
	}
	if *ref == "" {
		*ref = image + ":" + *version
	}
	if err := checkImage(*ref, *version); err != nil {
		return err
	}
	e, err := newEntry(root, os.DirFS(*bundles), *version, *ref)
	if err != nil {
		return err
	}
	b, err := marshal(e)
	if err != nil {
		return err
	}
	if *schema != "" {
		if err := validate(*schema, b); err != nil {
			return err
		}
	}
	_, err = stdout.Write(b)
	return err
}

// flags parses the flags of a command, and tells which ones are missing.
type flags struct{ *flag.FlagSet }

func newFlags(command string) flags {
	f := flag.NewFlagSet(command, flag.ContinueOnError)
	f.SetOutput(io.Discard)
	return flags{f}
}

// read parses the arguments. Its error names every needed flag that is missing or empty.
func (f flags) read(args []string, needed ...string) error {
	if err := f.Parse(args); err != nil {
		return fmt.Errorf("%s: %w (see help)", f.Name(), err)
	}
	if f.NArg() > 0 {
		return fmt.Errorf("%s: takes flags alone, not %q (see help)", f.Name(), f.Arg(0))
	}
	var missing []error
	for _, name := range needed {
		if f.Lookup(name).Value.String() == "" {
			missing = append(missing, fmt.Errorf("%s: -%s is missing (see help)", f.Name(), name))
		}
	}
	return errors.Join(missing...)
}

// versionForm matches a version of https://semver.org without build metadata: the tag of an image must not have a "+", and
// GitHub changes a "+" in the name of a release's file.
var versionForm = regexp.MustCompile(`^(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)` +
	`(-(0|[1-9]\d*|\d*[A-Za-z-][0-9A-Za-z-]*)(\.(0|[1-9]\d*|\d*[A-Za-z-][0-9A-Za-z-]*))*)?$`)

// checkVersion returns an error that shows the right form, unless the version has it.
func checkVersion(version string) error {
	if !versionForm.MatchString(version) {
		return fmt.Errorf("-version: takes a semantic version without v and without build metadata, such as 1.2.3 or 1.2.3-rc.1, not %q", version)
	}
	return nil
}
