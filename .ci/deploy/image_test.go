package deploy_test

import (
	"bufio"
	"debug/elf"
	"encoding/json"
	"errors"
	"io"
	"io/fs"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/moby/buildkit/frontend/dockerfile/instructions"
	"github.com/moby/patternmatcher"
	"github.com/moby/patternmatcher/ignorefile"
)

// TestImage builds the program by the Dockerfile's own command from the files that .dockerignore lets in, and runs it as a
// container would.
func TestImage(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("the image is for linux")
	}
	build, image := stages(t)
	program := compile(t, build)
	t.Run("static", func(t *testing.T) {
		f, err := elf.Open(program)
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		libraries, err := f.ImportedLibraries()
		if err != nil || len(libraries) > 0 || f.Section(".interp") != nil || f.Section(".symtab") != nil {
			t.Errorf("it needs libraries %v or an interpreter, or has symbols (%v)", libraries, err)
		}
	})
	t.Run("version", func(t *testing.T) {
		if out, err := contained(t, program, nil, "-version").Output(); err != nil || string(out) != "talkover-mcp 1.2.3\n" {
			t.Errorf("%q, %v", out, err)
		}
	})
	t.Run("refuses to start without a gate", func(t *testing.T) {
		env := append(environment(image), "MCP_TRANSPORT=http", "TALKOVER_DEMO=true")
		out, err := contained(t, program, env).CombinedOutput()
		var exit *exec.ExitError
		if !errors.As(err, &exit) || exit.ExitCode() != 2 || !strings.Contains(string(out), "MCP_ADDR") {
			t.Errorf("%v: %s", err, out)
		}
	})
	t.Run("serves", func(t *testing.T) { serves(t, program) })
}

// compile builds version 1.2.3 of the program as the Dockerfile does, and returns its path.
func compile(t *testing.T, build instructions.Stage) string {
	t.Helper()
	out := t.TempDir()
	var script string
	for _, run := range commands[*instructions.RunCommand](build) {
		if strings.Contains(strings.Join(run.CmdLine, " "), "go build") {
			script = strings.Join(run.CmdLine, " ")
		}
	}
	if !strings.Contains(script, " -o /out/talkover-mcp ") {
		t.Fatalf("the Dockerfile builds no /out/talkover-mcp: %q", script)
	}
	c := exec.CommandContext(t.Context(), "sh", "-c", strings.Replace(script, "/out/", out+"/", 1))
	c.Dir = buildContext(t)
	c.Env = append(os.Environ(), environment(build)...)
	c.Env = append(c.Env, "TARGETOS="+runtime.GOOS, "TARGETARCH="+runtime.GOARCH, "VERSION=1.2.3")
	if b, err := c.CombinedOutput(); err != nil {
		t.Fatalf("%s: %v\n%s", script, err, b)
	}
	return filepath.Join(out, "talkover-mcp")
}

// buildContext copies the files of the repository that a build sees, and returns the folder of the copy.
func buildContext(t *testing.T) string {
	t.Helper()
	patterns, err := ignorefile.ReadAll(strings.NewReader(string(read(t, deploy, "Dockerfile.dockerignore"))))
	if err != nil {
		t.Fatal(err)
	}
	ignored, err := patternmatcher.New(patterns)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	source := os.DirFS(root)
	err = fs.WalkDir(source, ".", func(path string, entry fs.DirEntry, err error) error {
		if err != nil || path == "." {
			return err
		}
		if entry.IsDir() && strings.HasPrefix(path, ".") {
			return fs.SkipDir // .git is large, and npm may be writing to .ci
		}
		skip, err := ignored.MatchesOrParentMatches(path)
		if err != nil || skip || entry.IsDir() {
			return err
		}
		content, err := fs.ReadFile(source, path)
		if err != nil {
			return err
		}
		to := filepath.Join(dir, path)
		return errors.Join(os.MkdirAll(filepath.Dir(to), 0o755), os.WriteFile(to, content, 0o600))
	})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(filepath.Join(dir, "LICENSE")); err != nil {
		t.Error("the image has no licence: ", err)
	}
	return dir
}

// contained returns a command that sees as little as in a container with a read-only root: an empty folder and the given
// environment. The test fails if the command writes to the folder.
func contained(t *testing.T, program string, env []string, args ...string) *exec.Cmd {
	t.Helper()
	dir := t.TempDir()
	if err := os.Chmod(dir, 0o500); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if left, err := os.ReadDir(dir); err != nil || len(left) > 0 {
			t.Errorf("it wrote %v (%v)", left, err)
		}
	})
	c := exec.CommandContext(t.Context(), program, args...)
	c.Dir, c.Env = dir, slices.Concat(env, []string{"HOME=" + dir, "TMPDIR=" + dir})
	return c
}

// serves starts the program with the demo. It asks the server by healthcheck as a container does and by HTTP as a probe
// does, and ends it.
func serves(t *testing.T, program string) {
	env := []string{"MCP_TRANSPORT=http", "TALKOVER_DEMO=true"}
	server := contained(t, program, append(env, "MCP_ADDR=127.0.0.1:0"))
	stderr, err := server.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := server.Start(); err != nil {
		t.Fatal(err)
	}
	env = append(env, "MCP_ADDR="+address(t, stderr))
	go func() { _, _ = io.Copy(io.Discard, stderr) }()
	if out, err := contained(t, program, env, "healthcheck").CombinedOutput(); err != nil {
		t.Errorf("healthcheck of a server that is up: %v\n%s", err, out)
	}
	for _, path := range []string{"/healthz", "/readyz"} {
		if status := probe(t, strings.TrimPrefix(env[2], "MCP_ADDR="), path); status != http.StatusOK {
			t.Errorf("%s answers %d", path, status)
		}
	}
	if err := server.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if err := server.Wait(); err != nil {
		t.Errorf("asked to end: %v", err)
	}
	if err := contained(t, program, env, "healthcheck").Run(); err == nil {
		t.Error("healthcheck of a server that is gone succeeds")
	}
}

// address returns the address that the server logs when it serves.
func address(t *testing.T, log io.Reader) string {
	t.Helper()
	for lines := bufio.NewScanner(log); lines.Scan(); {
		var line struct{ Msg, Addr string }
		if err := json.Unmarshal(lines.Bytes(), &line); err != nil {
			t.Fatalf("%q is no line of JSON", lines.Bytes())
		}
		if line.Msg == "serving" {
			return line.Addr
		}
	}
	t.Fatal("it ended before it served")
	return ""
}

// probe asks as a kubelet does, with the Host localhost in place of the address, and returns the status.
func probe(t *testing.T, addr, path string) int {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+addr+path, nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Host = "localhost"
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	return res.StatusCode
}
