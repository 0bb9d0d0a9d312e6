package cli

import (
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/talkover/talkover-mcp/internal/config"
	"github.com/talkover/talkover-mcp/talkover"
	"github.com/talkover/talkover-mcp/talkover/calls"
)

// errNoFolder tells why there is nothing to list or delete.
var errNoFolder = misuse{config.Faults{{Setting: "TALKOVER_CACHE_DIR",
	Problem: "is not set, so readings are kept in the memory of a running server alone, and end with it"}}}

// folder is the folder of kept readings, and the account of the settings.
type folder struct {
	*calls.Dir
	logs    *calls.Logs
	account *talkover.Client
}

// folder opens the folder of kept readings.
func (p *Program) folder(cmd *cobra.Command) (f folder, err error) {
	c, err := config.Load(cmd.Context(), p.Env)
	if err != nil {
		return f, err
	}
	if c.CacheDir == "" {
		return f, errNoFolder
	}
	account, err := c.Account(p.Version, c.Quiet().Logger(p.Stderr), nil, nil)
	if err != nil {
		return f, err
	}
	dir, err := c.CacheFolder(c.Logger(p.Stderr))
	if err != nil {
		return f, err
	}
	dir.Sweep(time.Now())
	return folder{dir, calls.New(calls.Options{BaseURL: c.BaseURL, Store: dir}), account.Client}, nil
}

// Close closes the folder.
func (f folder) Close() {
	f.logs.Close()
	_ = f.Dir.Close() // nothing is written
}

// listed is a reading as the list of those that are kept shows it.
type listed struct {
	From   string    `json:"from"`
	To     string    `json:"to"`
	Calls  int       `json:"calls"`
	Bytes  int       `json:"bytes"`
	ReadAt time.Time `json:"read_at"`
}

// listKept prints the readings that are kept of the account, and how many of others.
func (p *Program) listKept(cmd *cobra.Command, _ []string) error {
	f, err := p.folder(cmd)
	if err != nil {
		return err
	}
	defer f.Close()
	others, err := f.Count()
	if err != nil {
		return err
	}
	readings, err := f.logs.Stored(cmd.Context(), f.account)
	if err != nil {
		return err
	}
	var b strings.Builder
	all, total, bytes := []listed{}, 0, 0
	for _, r := range readings {
		total, bytes = total+r.Calls, bytes+r.Bytes
		all = append(all, listed{r.From.String(), r.To.String(), r.Calls, r.Bytes, r.ReadAt})
		fmt.Fprintf(&b, "%s - %s  %6d calls  %8d bytes  read %s ago\n", r.From, r.To, r.Calls, r.Bytes,
			time.Since(r.ReadAt).Round(time.Minute))
	}
	others -= len(all)
	fmt.Fprintf(&b, "%s of this token with %s in %d bytes; %s of other tokens.",
		talkover.Plural(len(all), "reading", "readings"), talkover.Plural(total, "call", "calls"), bytes,
		talkover.Plural(others, "reading", "readings"))
	return p.print(b.String(), struct {
		Readings []listed `json:"readings"`
		Others   int      `json:"readings_of_other_tokens"`
	}{all, others})
}

// clearKept deletes kept readings.
func (p *Program) clearKept(cmd *cobra.Command, _ []string) error {
	f, err := p.folder(cmd)
	if err != nil {
		return err
	}
	defer f.Close()
	name := f.logs.Account(f.account)
	if all, _ := cmd.Flags().GetBool("all"); all {
		name = ""
	}
	n, err := f.Clear(name)
	if err != nil {
		return err
	}
	return p.print("Deleted "+talkover.Plural(n, "kept reading", "kept readings")+".", map[string]int{"deleted": n})
}
