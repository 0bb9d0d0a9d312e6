package e2e

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/sethvargo/go-envconfig"
	"github.com/spf13/pflag"

	"github.com/talkover/talkover-mcp/internal/cli"
	"github.com/talkover/talkover-mcp/internal/config"
)

// Commands in the shell blocks of the documents. A test can run the local ones. A command
// that is in neither list must be added to one.
var (
	local   = strings.Fields("talkover-mcp go openssl cat chmod grep head install ls mkdir rm sed")
	foreign = strings.Fields("agy bash brew chgrp claude code codex cosign curl docker gemini gh git jq kubectl npm " +
		"npx podman powershell sha256sum sudo tar xattr")
)

// stub replaces every command. It notes, with NUL after each: the folder, the number of
// words and the words, the number of variables and the variables.
const stub = `#!%[1]s
me=${0##*/}
vars=()
for name in $(compgen -e); do vars+=("$name=${!name}"); done
printf '%%s\0' "$HERE" $(($# + 1)) "$me" "$@" ${#vars[@]} "${vars[@]}" >>"$NOTES"
case $me in
openssl) printf '%%064d\n' 0 ;;
install | mkdir) case ${!#} in "$HOME"/* | [!/]*) PATH=/bin:/usr/bin mkdir -p "${!#}" ;; esac ;;
esac
`

// walk replaces cd, since the folders do not exist: it notes where the next commands would
// run.
const walk = "export HERE=.\ncd() { HERE=$HERE/$1; }\n"

// invocation holds a command that a block would run.
type invocation struct {
	dir   string
	words []string
	env   map[string]string
}

// shell holds what it takes to run blocks.
type shell struct {
	bash, stubs, shims, self string
	rewrite                  *strings.Replacer
}

func newShell(t *testing.T) shell {
	t.Helper()
	if runtime.GOOS == "windows" {
		t.Skip("the blocks are for a POSIX shell, which Windows has not")
	}
	bash, err := exec.LookPath("bash")
	if err != nil {
		t.Skip("no bash here to read the blocks with")
	}
	s := shell{bash: bash, stubs: t.TempDir(), shims: t.TempDir(), self: binary}
	for _, name := range append(local, foreign...) {
		script(t, filepath.Join(s.stubs, name), fmt.Sprintf(stub, bash))
	}
	script(t, filepath.Join(s.shims, "talkover-mcp"), fmt.Sprintf(shim, bash))
	script(t, filepath.Join(s.shims, "go"), fmt.Sprintf(goShim, bash))
	s.rewrite = strings.NewReplacer("https://login.example.com", newIssuer(t).URL)
	return s
}

func script(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o755); err != nil { //nolint:gosec // it is to be run
		t.Fatal(err)
	}
}

// run runs a script in a new folder with nothing in its environment but env.
func (s shell) run(t *testing.T, text string, env ...string) (string, error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	cmd := exec.CommandContext(ctx, s.bash, "-e", "-o", "pipefail", "-c", walk+text)
	cmd.Dir = t.TempDir()
	cmd.Env = append(env, "HOME="+cmd.Dir, "TMPDIR="+cmd.Dir, "TALKOVER_TOKEN="+tokenPlaceholder)
	cmd.WaitDelay = time.Second
	out, err := cmd.CombinedOutput()
	return string(out), err
}

// rehearse returns the commands that a block would run, with all words expanded.
func (s shell) rehearse(t *testing.T, b block) ([]invocation, error) {
	t.Helper()
	notes := filepath.Join(t.TempDir(), "notes")
	if out, err := s.run(t, b.text, "PATH="+s.stubs, "NOTES="+notes); err != nil {
		return nil, fmt.Errorf("%w: %s", err, out)
	}
	text, err := os.ReadFile(notes)
	if err != nil && !os.IsNotExist(err) {
		t.Fatal(err)
	}
	var all []invocation
	fields := strings.Split(string(text), "\x00")
	next := func() (list []string) {
		n, err := strconv.Atoi(fields[0])
		if err != nil || n >= len(fields) {
			t.Fatalf("%s: the notes are torn: %q", b, text)
		}
		list, fields = fields[1:n+1], fields[n+1:]
		return list
	}
	for len(fields) > 1 {
		i := invocation{dir: fields[0], env: map[string]string{}}
		fields = fields[1:]
		i.words = next()
		for _, pair := range next() {
			name, value, _ := strings.Cut(pair, "=")
			i.env[name] = value
		}
		all = append(all, i)
	}
	return all, nil
}

var (
	ours       = regexp.MustCompile(`^(TALKOVER|MCP|LOG)_[A-Z_]+$`)
	assignment = regexp.MustCompile(`^([A-Z_]+)=(.*)$`)
	repository = regexp.MustCompile(`^(deploy|bench|docs|\.ci|\.github)/`)
)

// faultsOf says what is wrong with settings, flags, words and paths in a command.
func (i invocation) faultsOf(settingsFile string) (wrong []string) {
	env := map[string]string{}
	for name, value := range i.env {
		if ours.MatchString(name) {
			env[name] = value
		}
	}
	for _, word := range i.words {
		if m := assignment.FindStringSubmatch(word); m != nil && ours.MatchString(m[1]) {
			env[m[1]] = m[2]
		}
		if _, path, ok := strings.Cut("="+word, "="); ok && repository.MatchString(path) {
			wrong = append(wrong, missing(filepath.Join(i.dir, path))...)
		}
	}
	for name := range env {
		switch {
		case !slices.ContainsFunc(config.All(), func(s config.Setting) bool { return s.Env == name }):
			wrong = append(wrong, name+" is no setting")
		case strings.HasSuffix(name, "_FILE"):
			env[name] = settingsFile
		}
	}
	if i.adds() {
		wrong = append(wrong, i.hostFlags()...)
	}
	args, ok := i.arguments()
	switch {
	case ok:
		wrong = append(wrong, refused(args, env)...)
	case i.words[0] == "go":
		wrong = append(wrong, i.goPaths()...)
	case i.adds() && !slices.Contains(i.words, "https://calls.example.com/mcp"):
		wrong = append(wrong, "it adds neither talkover-mcp nor https://calls.example.com/mcp")
	case i.words[0] == "bash" && len(i.words) > 1:
		wrong = append(wrong, missing(filepath.Join(i.dir, i.words[1]))...)
	}
	return wrong
}

// arguments returns the arguments of talkover-mcp, if the command starts it, now or later.
func (i invocation) arguments() ([]string, bool) {
	w := i.words
	is := func(words ...string) bool { return len(w) >= len(words) && slices.Equal(w[:len(words)], words) }
	switch {
	case is("talkover-mcp"):
		return w[1:], true
	case is("go", "run", "."):
		return w[3:], i.dir == "."
	case is("docker", "run"):
		image := slices.IndexFunc(w, func(s string) bool {
			return strings.HasPrefix(s,
				"ghcr.io/talkover/talkover-mcp:")
		})
		return w[image+1:], image > 0
	case i.adds():
		at := slices.Index(w, "talkover-mcp")
		return w[at+1:], at > 0
	}
	return nil, false
}

// adds reports whether the command adds a server to a host.
func (i invocation) adds() bool {
	return len(i.words) > 2 && i.words[1] == "mcp" && i.words[2] == "add"
}

// The flags of mcp add: claude 2.1.197, codex 0.169.0, gemini 0.61.0.
var mcpAddFlags = map[string]string{
	"claude": "--env --header --scope --transport",
	"codex":  "--bearer-token-env-var --env --url",
	"gemini": "--env --header --scope --transport",
}

// hostFlags says which flags the host does not have, and whether a flag swallows the name.
func (i invocation) hostFlags() (wrong []string) {
	host, known := i.words[0], strings.Fields(mcpAddFlags[i.words[0]])
	for at, word := range i.words {
		if word == "--" || word == "talkover-mcp" {
			break
		}
		if strings.HasPrefix(word, "-") && !slices.Contains(known, word) {
			wrong = append(wrong, fmt.Sprintf("%s mcp add has %q, and no %s", host, known, word))
		}
		// Its help says otherwise: https://github.com/anthropics/claude-code/issues/62332
		if list := word == "--env" || word == "--header"; list && host == "claude" &&
			!slices.ContainsFunc(i.words[3:at], func(s string) bool { return strings.HasPrefix(s, "talkover") }) {
			wrong = append(wrong, "the name goes before "+word)
		}
	}
	return wrong
}

// refused says why talkover-mcp would exit with 2.
func refused(args []string, env map[string]string) []string {
	p := &cli.Program{Env: envconfig.MapLookuper(env)}
	c, rest, err := p.Tree().Find(config.TwoDashes(args))
	if err == nil {
		err = c.ParseFlags(rest)
	}
	if err == nil {
		err = c.ValidateArgs(c.Flags().Args())
	}
	if err != nil && !errors.Is(err, pflag.ErrHelp) {
		return []string{err.Error()}
	}
	_, err = config.Load(context.Background(), p.Env)
	var faults config.Faults
	if errors.As(err, &faults) {
		err = faults.Except("TALKOVER_TOKEN", "TALKOVER_TOKEN_FILE")
	}
	if err != nil {
		return []string{err.Error()}
	}
	return nil
}

// goPaths says which packages of a go command do not exist.
func (i invocation) goPaths() (wrong []string) {
	for _, word := range i.words[1:] {
		module, _, versioned := strings.Cut(word, "@")
		switch {
		case strings.HasPrefix(word, "."):
			wrong = append(wrong, missing(filepath.Join(i.dir, strings.TrimSuffix(word, "...")))...)
		case versioned && strings.Contains(module, "talkover") && module != "github.com/talkover/talkover-mcp":
			wrong = append(wrong, module+" is not our module")
		}
	}
	return wrong
}

func missing(path string) []string {
	if _, err := os.Stat(path); err != nil {
		return []string{path + " is not there"}
	}
	return nil
}

// shim runs talkover-mcp in the demo. It ends a server as soon as that serves.
const shim = `#!%s
if [ "${TALKOVER_TOKEN_SOURCE-}" = client ]; then unset TALKOVER_TOKEN; else export TALKOVER_DEMO=true; fi
export LOG_FORMAT=json LOG_LEVEL=info MCP_ADDR="${MCP_ADDR-127.0.0.1:0}"
log=$(mktemp -u)
mkfifo "$log"
"$TALKOVER_MCP_TEST_BINARY" "$@" <&0 2>"$log" &
while IFS= read -r line; do
  printf '%%s\n' "$line" >&2
  case $line in *'"msg":"serving"'*) kill -TERM $! ;; esac
done <"$log"
wait $!
`

// goShim runs talkover-mcp for go run . and ignores all else, which other checks run.
const goShim = `#!%s
[ "$HERE $1 $2" = ". run ." ] || exit 0
shift 2
exec talkover-mcp "$@"
`

var listenAddr = regexp.MustCompile(`((?:-addr[ =]|_ADDR=)"?)[^\s":]*:\d+`)

// A shell expands each block of the documents, and the words are checked against the
// settings, commands and files that exist. A block of local commands alone is run, unless
// its fence says norun: talkover-mcp in the demo, and servers at a free port of loopback.
func TestShellBlocks(t *testing.T) {
	t.Parallel()
	s := newShell(t)
	settingsFile := filepath.Join(t.TempDir(), "token")
	if err := os.WriteFile(settingsFile, []byte(gateToken+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	var ran int
	for _, b := range blocks(t) {
		if b.lang == "bash" || b.lang == "shell" || b.lang == "console" {
			t.Errorf("%s: call it sh, as the others are", b)
		}
		if b.lang != "sh" {
			continue
		}
		all, err := s.rehearse(t, b)
		if err != nil {
			t.Errorf("%s: %v\nA command that is not found belongs in local or foreign.", b, err)
			continue
		}
		isLocal := !b.norun
		for _, i := range all {
			for _, fault := range i.faultsOf(settingsFile) {
				t.Errorf("%s: %s: %s", b, strings.Join(i.words, " "), fault)
			}
			isLocal = isLocal && slices.Contains(local, i.words[0])
		}
		if !isLocal {
			t.Logf("%s: read", b)
			continue
		}
		t.Logf("%s: run", b)
		text := s.rewrite.Replace(listenAddr.ReplaceAllString(b.text, "${1}127.0.0.1:0"))
		out, err := s.run(t, text, "PATH="+s.shims+string(os.PathListSeparator)+os.Getenv("PATH"),
			"TALKOVER_MCP_TEST_BINARY="+s.self, hurry)
		if err != nil {
			t.Errorf("%s: %v\n%s", b, err, out)
		}
		ran++
	}
	if ran == 0 {
		t.Error("no block was run")
	}
}
