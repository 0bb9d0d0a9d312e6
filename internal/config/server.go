package config

import (
	"context"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/agnivade/levenshtein"
	"github.com/sethvargo/go-envconfig"

	"github.com/talkover/talkover-mcp/internal/httpserver"
)

// placeholderNote adds to the fault of a missing token that there is the placeholder.
func placeholderNote(env envconfig.Lookuper, f Fault) string {
	if value, _ := env.Lookup("TALKOVER_TOKEN"); f.Setting == "TALKOVER_TOKEN" && strings.TrimSpace(value) == placeholder {
		return ". What is set is the placeholder of the documents; put the token of your account in its place"
	}
	return ""
}

// variable matches the name of a variable that may be shown.
var variable = regexp.MustCompile(`^[A-Za-z0-9_]{1,64}$`)

// misspelt tells of each variable that is meant for this program and is none of its
// settings. Other programs have variables that begin with MCP_, so that of these only near
// names are told.
func misspelt(names []string) (odd []string) {
	var known []string
	for _, s := range All() {
		known = append(known, s.Env)
	}
	for _, name := range slices.Sorted(slices.Values(names)) {
		upper := strings.ToUpper(name)
		ours, others := strings.HasPrefix(upper, "TALKOVER_"), strings.HasPrefix(upper, "MCP_")
		if slices.Contains(known, name) || !ours && !others || !variable.MatchString(name) {
			continue
		}
		near := nearest(upper, known)
		switch {
		case near != "":
			odd = append(odd, fmt.Sprintf("%s is no setting of this program, so it does nothing; did you mean %s?", name, near))
		case ours:
			odd = append(odd, name+" is no setting of this program, so it does nothing. talkover-mcp -help lists those that there are.")
		}
	}
	return odd
}

// nearest returns the setting that a misspelt name most likely meant; "" where more than a
// quarter of its own part, behind the prefix, would have to change.
func nearest(name string, known []string) string {
	best, at := "", len(name)
	for _, k := range known {
		_, own, _ := strings.Cut(k, "_")
		if d := levenshtein.ComputeDistance(name, k); d < at && d <= max(1, len(own)/4) {
			best, at = k, d
		}
	}
	return best
}

// judgeAddresses checks whether a server could listen where the settings say.
func (d *doctor) judgeAddresses(ctx context.Context) {
	if d.Transport != "stdio" {
		d.judgeAddress(ctx, "MCP_ADDR", d.Addr)
	}
	if d.MetricsAddr != "" {
		d.judgeAddress(ctx, "MCP_METRICS_ADDR", string(d.MetricsAddr))
	}
}

// judgeAddress checks whether an address is free. The doctor may be asked beside a server
// that runs well.
func (d *doctor) judgeAddress(ctx context.Context, setting, addr string) {
	ln, err := httpserver.Listen(ctx, addr)
	switch {
	case err == nil:
		_ = ln.Close()
		d.ok(checkAddress, "%s: %s is free", setting, addr)
	case setting == "MCP_ADDR" && httpserver.Probe(ctx, addr) == nil:
		d.warn(checkAddress, "%s: a server answers at %s already, so that no other can be started there", setting, addr)
	default:
		d.fail(checkAddress, "%s: %s", setting, err)
	}
}
