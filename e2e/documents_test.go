package e2e

import (
	"encoding/base64"
	"fmt"
	"maps"
	"net/url"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/go-json-experiment/json"
	gocmp "github.com/google/go-cmp/cmp"
)

// The documents write these in place of secrets.
const (
	tokenPlaceholder = "talq_your_environment_token_here"
	gatePlaceholder  = "your_gate_token_here"
)

// block holds the text between two fences of a document, or a command in a line of it.
type block struct {
	doc   string
	line  int
	lang  string // the first word after the fence
	norun bool   // the fence has the word norun after the language, which GitHub does not show
	host  string // the host that reads this configuration, by the comment before it
	text  string
}

func (b block) String() string { return fmt.Sprintf("%s:%d", b.doc, b.line) }

var (
	hostComment = regexp.MustCompile(`^<!-- host: (\S+) file: \S.* -->$`)
	inlineShell = regexp.MustCompile("`((?:(?:claude|codex|gemini|agy) mcp add|talkover-mcp) [^`<>\\[\\]]+)`")
)

// documents returns the text of each document, by its path with slashes.
func documents(t *testing.T) map[string]string {
	t.Helper()
	pages, err := filepath.Glob("docs/*.md")
	if err != nil || !slices.Contains(pages, filepath.Join("docs", "hosts.md")) {
		t.Fatal("docs/hosts.md is missing:", err)
	}
	all := map[string]string{}
	for _, doc := range append(pages, "README.md", "CONTRIBUTING.md", "SECURITY.md", "deploy/README.md", "bench/README.md") {
		text, err := os.ReadFile(doc)
		if err != nil {
			t.Fatal(err)
		}
		all[filepath.ToSlash(doc)] = string(text)
	}
	return all
}

// blocks returns all that the documents have to run or to copy.
func blocks(t *testing.T) []block {
	t.Helper()
	all := documents(t)
	var found []block
	for _, doc := range slices.Sorted(maps.Keys(all)) {
		found = append(found, fenced(doc, all[doc])...)
	}
	return found
}

// fenced finds the blocks of one document.
func fenced(doc, text string) []block {
	var all []block
	var open *block
	host, n := "", 0
	for line := range strings.Lines(text) {
		n++
		trimmed := strings.TrimSpace(line)
		info, fence := strings.CutPrefix(trimmed, "```")
		comment := hostComment.FindStringSubmatch(trimmed)
		switch {
		case fence && open != nil:
			all, open = append(all, *open), nil
		case fence:
			words := append(strings.Fields(info), "")
			open = &block{doc: doc, line: n, lang: words[0], norun: slices.Contains(words, "norun"), host: host}
			host = ""
		case open != nil:
			open.text += line
		case comment != nil:
			host = comment[1]
		default:
			for _, m := range inlineShell.FindAllStringSubmatch(line, -1) {
				all = append(all, block{doc: doc, line: n, lang: "sh", norun: true, text: m[1] + "\n"})
			}
			if trimmed != "" {
				host = ""
			}
		}
	}
	return all
}

var (
	fencedCode  = regexp.MustCompile("(?ms)^ *```.*?^ *```$")
	comment     = regexp.MustCompile(`(?s)<!--.*?-->`)
	heading     = regexp.MustCompile(`(?m)^#+ (.*)$`)
	relative    = regexp.MustCompile(`\]\(([^):\s]+)\)`) // neither an image nor a page of another site
	notInAnchor = regexp.MustCompile("[^a-z0-9 _-]")
)

// prose returns a document without what stands in fences and comments.
func prose(text string) string {
	return comment.ReplaceAllString(fencedCode.ReplaceAllString(text, ""), "")
}

// Each link to a file or a heading of the repository leads to one.
func TestLinksLeadSomewhere(t *testing.T) {
	t.Parallel()
	all := documents(t)
	anchors := map[string][]string{}
	for doc, text := range all {
		for _, title := range heading.FindAllStringSubmatch(prose(text), -1) {
			anchor := notInAnchor.ReplaceAllString(strings.ToLower(title[1]), "")
			anchors[doc] = append(anchors[doc], strings.ReplaceAll(anchor, " ", "-"))
		}
	}
	links := 0
	for doc, text := range all {
		for _, link := range relative.FindAllStringSubmatch(prose(text), -1) {
			links++
			file, anchor, hasAnchor := strings.Cut(link[1], "#")
			if file = path.Join(path.Dir(doc), file); strings.HasPrefix(link[1], "#") {
				file = doc
			}
			if _, err := os.Stat(file); err != nil {
				t.Errorf("%s: the link %s leads to no file", doc, link[1])
			}
			if hasAnchor && !slices.Contains(anchors[file], anchor) {
				t.Errorf("%s: the link %s leads to no heading", doc, link[1])
			}
		}
	}
	if links < 50 {
		t.Errorf("the documents have %d links", links)
	}
}

var installLink = regexp.MustCompile(`(https://insiders\.vscode\.dev/redirect/mcp/install|cursor://anysphere\.cursor-deeplink/mcp/install)\?[^)\s"` + "`]+")

// The install links hold the configuration of docs/hosts.md.
func TestInstallLinks(t *testing.T) {
	t.Parallel()
	first := map[string]map[string]any{}
	for _, b := range blocks(t) {
		if b.doc != "docs/hosts.md" || b.host == "" || first[b.host] != nil {
			continue
		}
		config, err := decode(b)
		if err != nil {
			t.Fatalf("%s: %v", b, err)
		}
		first[b.host] = config
	}
	found := map[string]int{}
	for doc, text := range documents(t) {
		for _, link := range installLink.FindAllString(text, -1) {
			u, err := url.Parse(link)
			if err != nil || strings.ContainsAny(link, "+{}\" ") {
				t.Errorf("%s: %s is not encoded as a URL: %v", doc, link, err)
				continue
			}
			config, inputs, host := []byte(u.Query().Get("config")), []byte(u.Query().Get("inputs")), "vscode"
			if u.Scheme == "cursor" {
				host, inputs = "cursor", []byte("null")
				if config, err = base64.StdEncoding.DecodeString(string(config)); err != nil {
					t.Errorf("%s: %s: %v", doc, link, err)
				}
			}
			name := u.Query().Get("name")
			servers, _ := first[host][forms[host].servers].(map[string]any)
			for _, part := range []struct {
				name string
				got  []byte
				want any
			}{{"config", config, servers[name]}, {"inputs", inputs, first[host]["inputs"]}} {
				var got any
				if err := json.Unmarshal(part.got, &got); err != nil {
					t.Errorf("%s: the link's %s: %v", doc, part.name, err)
				}
				if diff := gocmp.Diff(part.want, got); diff != "" {
					t.Errorf("%s: the link for %s differs from the %s in docs/hosts.md:\n%s", doc, host, part.name, diff)
				}
			}
			found[host]++
		}
	}
	if found["vscode"] == 0 || found["cursor"] == 0 {
		t.Errorf("docs/hosts.md should have a link for VS Code and one for Cursor: %v", found)
	}
}

// README says that nothing is published until there is a tag of a version, and not after.
func TestTheFrontPageKnowsWhetherThereIsARelease(t *testing.T) {
	t.Parallel()
	git := func(args ...string) string {
		out, err := exec.Command("git", args...).Output()
		if err != nil {
			t.Skip("there is no repository here, or no git: ", err)
		}
		return strings.TrimSpace(string(out))
	}
	if git("rev-parse", "--is-shallow-repository") == "true" {
		t.Skip("a shallow clone lacks tags")
	}
	const unpublished = "Nothing is published yet"
	tags := git("tag", "--list", "v*")
	for doc, text := range documents(t) {
		if want := doc == "README.md" && tags == ""; strings.Contains(text, unpublished) != want {
			t.Errorf("%s says %q: %v; tags: %q", doc, unpublished, !want, tags)
		}
	}
}
