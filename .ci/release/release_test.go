// Package release_test checks what GitHub and GoReleaser would find out only when it is too late: in a release, or in a
// form that does not show up.
package release_test

import (
	"bytes"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/goreleaser/goreleaser/v2/pkg/config"
	"go.yaml.in/yaml/v3"
)

const root = "../.."

// read decodes a YAML file of the repository; an unknown key is a failure.
func read(t *testing.T, name string, into any) {
	t.Helper()
	content, err := os.ReadFile(filepath.Join(root, name))
	if err != nil {
		t.Fatal(err)
	}
	d := yaml.NewDecoder(bytes.NewReader(content))
	d.KnownFields(true)
	if err := d.Decode(into); err != nil {
		t.Errorf("%s: %v", name, err)
	}
}

// glob returns the names of the files that match, as seen from the root. The test fails if none does.
func glob(t *testing.T, pattern string) []string {
	t.Helper()
	files, err := fs.Glob(os.DirFS(root), pattern)
	if err != nil || len(files) == 0 {
		t.Fatalf("%s matches nothing (%v)", pattern, err)
	}
	return files
}

// GoReleaser's own loader checks every key and its type.
func TestGoReleaser(t *testing.T) {
	c, err := config.Load(filepath.Join(root, ".goreleaser.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	if len(c.Builds) != 1 {
		t.Fatalf("%d builds, want one", len(c.Builds))
	}
	b := c.Builds[0]
	for _, want := range []struct {
		what string
		got  []string
		want []string
	}{
		{"goos", b.Goos, []string{"linux", "darwin", "windows"}},
		{"goarch", b.Goarch, []string{"amd64", "arm64"}},
		{"env", b.Env, []string{"CGO_ENABLED=0"}},
		{"flags", b.Flags, []string{"-trimpath", "-buildvcs=false"}},
		{"ldflags", b.Ldflags, []string{"-s -w -X main.release={{ .Version }}"}},
	} {
		if !slices.Equal(want.got, want.want) {
			t.Errorf("%s is %q, want %q", want.what, want.got, want.want)
		}
	}
	if len(c.Checksum.ExtraFiles) == 0 || !slices.Equal(c.Checksum.ExtraFiles, c.Release.ExtraFiles) {
		t.Errorf("checksums cover %v, the release has %v besides its archives: want the bundles in both",
			c.Checksum.ExtraFiles, c.Release.ExtraFiles)
	}
}

var (
	uses   = regexp.MustCompile(`(?m)^\s*(?:- )?uses:\s*(.+)$`)
	pinned = regexp.MustCompile(`^([\w.-]+/[\w./-]+)@([0-9a-f]{40}) # v\d+\.\d+\.\d+$`)
)

// A tag can be moved to other code, a commit cannot.
func TestActionsArePinned(t *testing.T) {
	commits := map[string]string{} // action -> commit
	for _, name := range glob(t, ".github/workflows/*.yml") {
		content, err := os.ReadFile(filepath.Join(root, name))
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range uses.FindAllStringSubmatch(string(content), -1) {
			if strings.HasPrefix(m[1], "./") {
				continue
			}
			action := pinned.FindStringSubmatch(m[1])
			if action == nil {
				t.Errorf("%s: %s is not pinned; write OWNER/NAME@COMMIT # vX.Y.Z", name, m[1])
				continue
			}
			if before, seen := commits[action[1]]; seen && before != action[2] {
				t.Errorf("%s: %s is pinned to %s and to %s; take one", name, action[1], before, action[2])
			}
			commits[action[1]] = action[2]
		}
	}
	if len(commits) == 0 {
		t.Error("no action was found")
	}
}

// workflow has the keys of a workflow that the tests read.
type workflow struct {
	Permissions map[string]string
	Jobs        map[string]struct {
		Uses        string
		Timeout     int `yaml:"timeout-minutes"`
		Environment string
		Permissions map[string]string
		Steps       []struct {
			Uses string
			With map[string]any
		}
	}
}

// Only a job that needs more rights gets them, none publishes unless somebody approves, no job runs for hours, and
// the checkout leaves its token to no later step.
func TestWorkflowsHoldLittle(t *testing.T) {
	for _, name := range glob(t, ".github/workflows/*.yml") {
		content, err := os.ReadFile(filepath.Join(root, name))
		if err != nil {
			t.Fatal(err)
		}
		var w workflow // actionlint checks the keys that are not here
		if err := yaml.Unmarshal(content, &w); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if len(w.Permissions) != 1 || w.Permissions["contents"] != "read" {
			t.Errorf("%s: permissions are %v, want contents: read alone", name, w.Permissions)
		}
		for id, job := range w.Jobs {
			if job.Uses == "" && job.Timeout == 0 {
				t.Errorf("%s: job %s has no timeout-minutes", name, id)
			}
			// A workflow that is called has an environment of its own, if it needs one.
			writes := job.Uses == "" && slices.Contains(slices.Collect(maps.Values(job.Permissions)), "write")
			if filepath.Base(name) == "release.yml" && writes && job.Environment != "release" {
				t.Errorf("%s: job %s can publish before somebody approves; add environment: release", name, id)
			}
			for _, step := range job.Steps {
				if strings.HasPrefix(step.Uses, "actions/checkout@") && step.With["persist-credentials"] != false {
					t.Errorf("%s: the checkout of job %s keeps its token; add persist-credentials: false", name, id)
				}
			}
		}
	}
}

// form has the keys of GitHub's issue forms that ours use.
type form struct {
	Name, Description string
	Labels            []string
	Body              []struct {
		Type, ID   string
		Attributes struct {
			Label, Description, Placeholder, Render, Value string
			Options                                        []struct {
				Label    string
				Required bool
			}
		}
		Validations struct{ Required bool }
	}
}

// GitHub hides a form that breaks its rules, and says nothing.
func TestIssueForms(t *testing.T) {
	for _, name := range glob(t, ".github/ISSUE_TEMPLATE/*.yml") {
		if filepath.Base(name) == "config.yml" {
			continue
		}
		var f form
		read(t, name, &f)
		if f.Name == "" || f.Description == "" || len(f.Body) == 0 {
			t.Errorf("%s: a form needs a name, a description and a body", name)
		}
		ids, labels := map[string]bool{}, map[string]bool{}
		for i, e := range f.Body {
			if e.Type == "markdown" {
				if e.Attributes.Value == "" || e.ID != "" {
					t.Errorf("%s: element %d: markdown has a value and no id", name, i)
				}
				continue
			}
			if !slices.Contains([]string{"textarea", "input", "checkboxes"}, e.Type) {
				t.Errorf("%s: element %d: %q is no type that is used here", name, i, e.Type)
			}
			if e.Attributes.Label == "" || labels[e.Attributes.Label] || e.ID == "" || ids[e.ID] {
				t.Errorf("%s: element %d: id %q and label %q must be there and be its own", name, i, e.ID,
					e.Attributes.Label)
			}
			if e.Type == "checkboxes" && len(e.Attributes.Options) == 0 {
				t.Errorf("%s: element %d: checkboxes need options", name, i)
			}
			ids[e.ID], labels[e.Attributes.Label] = true, true
		}
	}
	var chooser struct {
		Blank bool                                `yaml:"blank_issues_enabled"`
		Links []struct{ Name, URL, About string } `yaml:"contact_links"`
	}
	read(t, ".github/ISSUE_TEMPLATE/config.yml", &chooser)
	for _, l := range chooser.Links {
		if l.Name == "" || l.About == "" || !strings.HasPrefix(l.URL, "https://") {
			t.Errorf("config.yml: a link needs a name, a URL and what it is about: %+v", l)
		}
	}
}

// manifests maps each ecosystem to the file that Dependabot looks for.
var manifests = map[string]string{
	"gomod": "go.mod", "npm": "package.json", "docker": "Dockerfile", "github-actions": ".github/workflows",
}

// Each directory has the file that Dependabot looks for, and dependabot.yml names every Go module.
func TestDependabot(t *testing.T) {
	var d struct {
		Version int
		Updates []struct {
			Ecosystem   string `yaml:"package-ecosystem"`
			Directory   string
			Directories []string
			Schedule    struct{ Interval string }
			Groups      map[string]struct{ Patterns []string }
		}
	}
	read(t, ".github/dependabot.yml", &d)
	covered := map[string]bool{}
	for _, u := range d.Updates {
		if u.Schedule.Interval != "weekly" || len(u.Groups) == 0 {
			t.Errorf("%s: want a weekly schedule and a group", u.Ecosystem)
		}
		directories := u.Directories
		if u.Directory != "" {
			directories = append(directories, u.Directory)
		}
		for _, directory := range directories {
			manifest := filepath.Join(directory, manifests[u.Ecosystem])
			if _, err := os.Stat(filepath.Join(root, manifest)); err != nil || manifests[u.Ecosystem] == "" {
				t.Errorf("%s in %s: %v", u.Ecosystem, directory, err)
			}
			covered[manifest] = true
		}
	}
	err := filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if entry.IsDir() && slices.Contains([]string{".git", "node_modules", "dist"}, entry.Name()) {
			return fs.SkipDir
		}
		if manifest := strings.TrimPrefix(filepath.ToSlash(path), root); entry.Name() == "go.mod" &&
			!covered[manifest] {
			t.Errorf("%s is in no gomod entry of dependabot.yml", manifest)
		}
		return nil
	})
	if err != nil {
		t.Error(err)
	}
}
