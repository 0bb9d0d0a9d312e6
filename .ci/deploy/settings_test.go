package deploy_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"reflect"
	"strconv"
	"strings"
	"testing"
)

// The folders that the tests read: the repository, and the files for deploying.
const (
	root   = "../.."
	deploy = "../../deploy"
)

// read returns the content of a file.
func read(t *testing.T, elements ...string) []byte {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(elements...))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// settings returns the names of the variables that the product reads, from the env tags of its Config.
func settings(t *testing.T) map[string]bool {
	t.Helper()
	file, err := parser.ParseFile(token.NewFileSet(), filepath.Join(root, "internal", "config", "settings.go"), nil, parser.SkipObjectResolution)
	if err != nil {
		t.Fatal(err)
	}
	names := map[string]bool{}
	ast.Inspect(file, func(n ast.Node) bool {
		spec, ok := n.(*ast.TypeSpec)
		if !ok || spec.Name.Name != "Config" {
			return true
		}
		for _, field := range spec.Type.(*ast.StructType).Fields.List {
			if field.Tag == nil {
				continue
			}
			tag, err := strconv.Unquote(field.Tag.Value)
			if err != nil {
				t.Fatal(err)
			}
			if name, _, _ := strings.Cut(reflect.StructTag(tag).Get("env"), ","); name != "" {
				names[name] = true
			}
		}
		return false
	})
	if !names["TALKOVER_TOKEN"] {
		t.Fatalf("internal/config/settings.go has no settings that this test can find: %v", names)
	}
	return names
}

// wantSettings fails for each variable that the product does not read, and for each wanted variable with another value.
func wantSettings(t *testing.T, got, want map[string]string) {
	t.Helper()
	known := settings(t)
	known["GOMEMLIMIT"] = true // Go's own
	for name := range got {
		if !known[name] {
			t.Errorf("%s is no setting of the product", name)
		}
	}
	for name, value := range want {
		if got[name] != value {
			t.Errorf("%s is %q, want %q", name, got[name], value)
		}
	}
	for _, name := range []string{"TALKOVER_TOKEN", "MCP_AUTH_TOKENS"} {
		if _, ok := got[name]; ok {
			t.Errorf("%s is a secret in the environment; want a file", name)
		}
	}
}
