package main

import (
	"archive/zip"
	"bytes"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
)

func TestTargets(t *testing.T) {
	var names []string
	for _, to := range targets("1.2.3") {
		names = append(names, to.name())
	}
	want := []string{
		"talkover-mcp_1.2.3_darwin_amd64", "talkover-mcp_1.2.3_darwin_arm64",
		"talkover-mcp_1.2.3_linux_amd64", "talkover-mcp_1.2.3_linux_arm64",
		"talkover-mcp_1.2.3_windows_amd64", "talkover-mcp_1.2.3_windows_arm64",
	}
	if !slices.Equal(names, want) {
		t.Errorf("targets %q, want %q", names, want)
	}
}

func TestPack(t *testing.T) {
	to := target{"linux", "arm64", "1.2.3"}
	program := bytes.Repeat([]byte("program "), 1000)
	build := func() []byte {
		all, err := to.files(t.Context(), root, program)
		if err != nil {
			t.Fatal(err)
		}
		var b bytes.Buffer
		if err := pack(&b, all); err != nil {
			t.Fatal(err)
		}
		return b.Bytes()
	}
	packed := build()
	var other []byte
	synctest.Test(t, func(*testing.T) { other = build() }) // the clock of synctest starts in 2000
	if !bytes.Equal(packed, other) {
		t.Error("the same files make another bundle at another time")
	}

	z, err := zip.NewReader(bytes.NewReader(packed), int64(len(packed)))
	if err != nil {
		t.Fatal(err)
	}
	modes := map[string]fs.FileMode{}
	var names []string
	for _, f := range z.File {
		names = append(names, f.Name)
		modes[f.Name] = f.Mode()
	}
	want := []string{"LICENSE", "PRIVACY.md", "README.md", "icon.png", "manifest.json", "screenshots/days.png", "screenshots/heat.png", "server/talkover-mcp"}
	if !slices.Equal(names, want) {
		t.Errorf("files %q, want %q", names, want)
	}
	for name, mode := range modes {
		expected := fs.FileMode(0o644)
		if name == to.program() {
			expected = 0o755
		}
		if mode != expected {
			t.Errorf("%s has mode %v, want %v", name, mode, expected)
		}
	}
	f, err := z.Open(to.program())
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if got, err := io.ReadAll(f); err != nil || !bytes.Equal(got, program) {
		t.Errorf("the program is not what went in: %d bytes, %v", len(got), err)
	}
}

// bundleArgs returns the arguments that bundle the program of this test.
func bundleArgs(t *testing.T, out string, more ...string) []string {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	return append([]string{"bundle", "-binary", self, "-os", runtime.GOOS, "-arch", runtime.GOARCH, "-version", "1.2.3", "-out", out}, more...)
}

func TestBundleFolder(t *testing.T) {
	to := target{runtime.GOOS, runtime.GOARCH, "1.2.3"}
	if err := to.check(); err != nil {
		t.Skip("releases are not made for this platform")
	}
	out := filepath.Join(t.TempDir(), "new")
	args := bundleArgs(t, out, "-folder")
	if err := run(t.Context(), root, args, io.Discard); err != nil {
		t.Fatal(err)
	}
	program, err := os.Stat(filepath.Join(out, to.name(), to.program()))
	if err != nil {
		t.Fatal(err)
	}
	if runtime.GOOS != "windows" && program.Mode().Perm()&0o100 == 0 {
		t.Errorf("the program cannot be run: %v", program.Mode())
	}
	if _, err := os.Stat(filepath.Join(out, to.name(), "manifest.json")); err != nil {
		t.Error(err)
	}
	err = run(t.Context(), root, args, io.Discard)
	if err == nil || !strings.Contains(err.Error(), "remove it") {
		t.Errorf("over a folder that is there: %v", err)
	}
}

func TestWriteBundle(t *testing.T) {
	path := filepath.Join(t.TempDir(), "new", "x.mcpb")
	if err := writeBundle(path, []file{{"a", 0o644, []byte("b")}}); err != nil {
		t.Fatal(err)
	}
	z, err := zip.OpenReader(path)
	if err != nil {
		t.Fatal(err)
	}
	defer z.Close()
	if len(z.File) != 1 || z.File[0].Name != "a" {
		t.Errorf("%d files", len(z.File))
	}
}

func TestBundleRefuses(t *testing.T) {
	out := t.TempDir()
	text := filepath.Join(out, "text")
	if err := os.WriteFile(text, []byte("#!/bin/sh\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	other := "windows"
	if runtime.GOOS == other {
		other = "linux"
	}
	for name, try := range map[string]struct {
		more []string // flags that come after the good ones, and win
		want string
	}{
		"a program for another system": {[]string{"-os", other}, "this one is for " + runtime.GOOS + "/" + runtime.GOARCH},
		"a system without releases":    {[]string{"-os", "plan9"}, "take linux, darwin or windows"},
		"an unknown architecture":      {[]string{"-arch", "386"}, "amd64 or arm64"},
		"a version with v":             {[]string{"-version", "v1.2.3"}, "without v"},
		"no version":                   {[]string{"-version", ""}, "-version is missing"},
		"no program":                   {[]string{"-binary", text + "s"}, "that can be read"},
		"a text":                       {[]string{"-binary", text}, "that Go built"},
		"an unknown flag":              {[]string{"-bianry", text}, "-bianry"},
		"an argument":                  {[]string{"extra"}, `"extra"`},
	} {
		t.Run(name, func(t *testing.T) {
			err := run(t.Context(), root, bundleArgs(t, out, try.more...), io.Discard)
			if err == nil || !strings.Contains(err.Error(), try.want) {
				t.Errorf("%v, want %q", err, try.want)
			}
		})
	}
	if left, err := filepath.Glob(filepath.Join(out, "*.mcpb")); err != nil || len(left) > 0 {
		t.Errorf("a refusal left %q, %v", left, err)
	}
}

func TestRunElsewhere(t *testing.T) {
	_, err := target{"linux", "amd64", "1.2.3"}.files(t.Context(), os.DirFS(t.TempDir()), nil)
	if err == nil || !strings.Contains(err.Error(), "root of the repository") {
		t.Error(err)
	}
}
