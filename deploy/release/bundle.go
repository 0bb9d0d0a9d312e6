package main

import (
	"archive/zip"
	"bytes"
	"cmp"
	"compress/flate"
	"context"
	"debug/buildinfo"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// target names the system that a bundle is for, by Go's names of operating system and architecture, and the version that
// it holds. A manifest cannot name an architecture, so each architecture has a bundle of its own.
type target struct{ os, arch, version string }

// platforms maps the operating systems of releases to the names that manifests have for them.
var platforms = map[string]string{"linux": "linux", "darwin": "darwin", "windows": "win32"}

var arches = []string{"amd64", "arm64"}

// targets lists all bundles of a release, sorted by name.
func targets(version string) []target {
	var all []target
	for system := range platforms {
		for _, arch := range arches {
			all = append(all, target{system, arch, version})
		}
	}
	slices.SortFunc(all, func(a, b target) int { return cmp.Compare(a.name(), b.name()) })
	return all
}

// name returns the name of the bundle's file, without .mcpb.
func (t target) name() string {
	return strings.Join([]string{"talkover-mcp", t.version, t.os, t.arch}, "_")
}

// program returns the path of the binary inside the bundle.
func (t target) program() string {
	if t.os == "windows" {
		return "server/talkover-mcp.exe"
	}
	return "server/talkover-mcp"
}

// check returns an error if no release is made for the target.
func (t target) check() error {
	if !slices.Contains(targets(t.version), t) {
		return fmt.Errorf("-os and -arch: take linux, darwin or windows, and amd64 or arm64, not %q and %q", t.os, t.arch)
	}
	return nil
}

// checkProgram returns an error if Go built the binary for another target. Otherwise only the user who installs the bundle
// would notice.
func (t target) checkProgram(program []byte) error {
	info, err := buildinfo.Read(bytes.NewReader(program))
	if err != nil {
		return fmt.Errorf("-binary: takes a program that Go built: %w", err)
	}
	built := map[string]string{}
	for _, s := range info.Settings {
		built[s.Key] = s.Value
	}
	if built["GOOS"] != t.os || built["GOARCH"] != t.arch {
		return fmt.Errorf("-binary: takes a program for %s/%s, as -os and -arch say; this one is for %s/%s",
			t.os, t.arch, built["GOOS"], built["GOARCH"])
	}
	return nil
}

// file holds one file of a bundle.
type file struct {
	name string
	mode fs.FileMode
	data []byte
}

// files returns the files of the bundle, sorted by name.
func (t target) files(ctx context.Context, root fs.FS, program []byte) ([]file, error) {
	m, err := t.manifest(ctx, root)
	if err != nil {
		return nil, err
	}
	all := []file{{"manifest.json", 0o644, m}, {t.program(), 0o755, program}}
	for name, path := range map[string]string{
		"icon.png":   "deploy/bundle/icon.png",
		"README.md":  "deploy/bundle/README.md",
		"PRIVACY.md": "deploy/bundle/PRIVACY.md",
		"LICENSE":    "LICENSE",

		"screenshots/days.png": "docs/images/days.png",
		"screenshots/heat.png": "docs/images/heat.png",
	} {
		data, err := fs.ReadFile(root, path)
		if err != nil {
			return nil, notAtRoot(err)
		}
		all = append(all, file{name, 0o644, data})
	}
	slices.SortFunc(all, func(a, b file) int { return cmp.Compare(a.name, b.name) })
	return all, nil
}

// manifest returns the manifest.json of the bundle.
func (t target) manifest(ctx context.Context, root fs.FS) ([]byte, error) {
	m, err := readTemplate(root)
	if err != nil {
		return nil, err
	}
	m.Version = t.version
	m.Server.EntryPoint = t.program()
	m.Server.Config.Command = "${__dirname}/" + t.program()
	m.Compatibility.Platforms = []string{platforms[t.os]}
	if err := m.declare(ctx); err != nil {
		return nil, fmt.Errorf("the server's tools and prompts: %w", err)
	}
	return marshal(m)
}

// writeFolder writes the files into a folder. The folder must be new, because mcpb would pack older files in it too.
func writeFolder(folder string, all []file) error {
	if _, err := os.Stat(folder); err == nil {
		return fmt.Errorf("-out: takes a folder without %s, which is there already; remove it", filepath.Base(folder))
	}
	for _, f := range all {
		path := filepath.Join(folder, filepath.FromSlash(f.name))
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			return err
		}
		if err := os.WriteFile(path, f.data, f.mode); err != nil {
			return err
		}
	}
	return nil
}

// writeBundle writes the files into a bundle, and makes its folder.
func writeBundle(path string, all []file) error {
	var b bytes.Buffer
	if err := pack(&b, all); err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	return os.WriteFile(path, b.Bytes(), 0o644)
}

// pack writes the files as a zip. The same files give the same bytes at any time.
func pack(w io.Writer, all []file) error {
	z := zip.NewWriter(w)
	z.RegisterCompressor(zip.Deflate, func(w io.Writer) (io.WriteCloser, error) {
		return flate.NewWriter(w, flate.BestCompression)
	})
	earliest := time.Date(1980, time.January, 1, 0, 0, 0, 0, time.UTC) // that a zip can hold
	for _, f := range all {
		h := &zip.FileHeader{Name: f.name, Method: zip.Deflate, Modified: earliest}
		h.SetMode(f.mode)
		to, err := z.CreateHeader(h)
		if err != nil {
			return err
		}
		if _, err := to.Write(f.data); err != nil {
			return err
		}
	}
	return z.Close()
}
