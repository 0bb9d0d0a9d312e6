package main

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"go/ast"
	"go/importer"
	"go/parser"
	"go/token"
	"go/types"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
)

// pkg holds a package and the uses among its files.
type pkg struct {
	path  string
	files []string // without their folder, sorted
	uses  uses
}

// listed has what circles needs of a package that go list prints.
type listed struct {
	ImportPath, Dir, Export string
	GoFiles                 []string
	DepOnly                 bool
}

// load type-checks the packages that the patterns match. What they import comes from the compiler's export data, which
// go list makes or finds in the build cache.
func load(dir string, patterns []string) ([]pkg, error) {
	list := exec.Command("go", append([]string{"list", "-deps", "-export", "-json=ImportPath,Dir,Export,GoFiles,DepOnly", "--"}, patterns...)...)
	var stderr bytes.Buffer
	list.Dir, list.Stderr = dir, &stderr
	out, err := list.Output()
	if err != nil {
		return nil, fmt.Errorf("go list: %w\n%s", err, stderr.Bytes())
	}
	var wanted []listed
	exports := map[string]string{}
	for d := json.NewDecoder(bytes.NewReader(out)); ; {
		var l listed
		if err := d.Decode(&l); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			return nil, fmt.Errorf("go list: %w", err)
		}
		exports[l.ImportPath] = l.Export
		if !l.DepOnly {
			wanted = append(wanted, l)
		}
	}
	fset := token.NewFileSet()
	imports := importer.ForCompiler(fset, "gc", func(path string) (io.ReadCloser, error) { return os.Open(exports[path]) })
	var all []pkg
	for _, l := range wanted {
		p, err := check(fset, imports, l)
		if err != nil {
			return nil, err
		}
		all = append(all, p)
	}
	slices.SortFunc(all, func(a, b pkg) int { return cmp.Compare(a.path, b.path) })
	return all, nil
}

// check type-checks a package and records which of its files uses which.
func check(fset *token.FileSet, imports types.Importer, l listed) (pkg, error) {
	p := pkg{path: l.ImportPath, files: slices.Sorted(slices.Values(l.GoFiles)), uses: uses{}}
	var files []*ast.File
	for _, name := range p.files {
		file, err := parser.ParseFile(fset, filepath.Join(l.Dir, name), nil, parser.SkipObjectResolution)
		if err != nil {
			return p, err
		}
		files = append(files, file)
	}
	info := types.Info{Uses: map[*ast.Ident]types.Object{}}
	checked, err := (&types.Config{Importer: imports}).Check(l.ImportPath, fset, files, &info)
	if err != nil {
		return p, err
	}
	for id, object := range info.Uses {
		if object.Pkg() == checked {
			p.uses.add(filepath.Base(fset.Position(id.Pos()).Filename), filepath.Base(fset.Position(object.Pos()).Filename), object.Name())
		}
	}
	return p, nil
}
