package cli

import (
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/talkover/talkover-mcp/internal/config"
	"github.com/talkover/talkover-mcp/talkover"
	"github.com/talkover/talkover-mcp/talkover/cache"
)

// errNoFolder tells why there is nothing to list or delete.
var errNoFolder = misuse{config.Faults{{Setting: "TALKOVER_CACHE_DIR", Problem: "is not set, so days are kept in the memory of a running server alone, and end with it"}}}

// folder opens the folder of kept days, and what it has of the account of the settings.
func (p *Program) folder(cmd *cobra.Command) (*cache.Dir, *cache.Account, error) {
	c, err := config.Load(cmd.Context(), p.Env)
	if err != nil {
		return nil, nil, err
	}
	if c.CacheDir == "" {
		return nil, nil, errNoFolder
	}
	dir, err := c.CacheFolder(c.Logger(p.Stderr))
	if err != nil {
		return nil, nil, err
	}
	dir.Sweep(time.Now())
	account, err := c.Account(p.Version, c.Quiet().Logger(p.Stderr), nil, nil)
	if err != nil {
		return nil, nil, err
	}
	kept := cache.New(cache.Options{BaseURL: c.BaseURL, Store: dir})
	return dir, kept.Account(account.Key, time.Now()), nil
}

// listKept prints the days that are kept of the account, and how many of others.
func (p *Program) listKept(cmd *cobra.Command, _ []string) error {
	dir, account, err := p.folder(cmd)
	if err != nil {
		return err
	}
	defer dir.Close()
	all, err := dir.Days()
	if err != nil {
		return err
	}
	days := account.Stored(cmd.Context(), time.Now())
	var b strings.Builder
	calls, bytes := 0, 0
	for _, d := range days {
		calls, bytes = calls+d.Calls, bytes+d.Bytes
		fmt.Fprintf(&b, "%s  %6d calls  %8d bytes  read %s ago\n", d.Date, d.Calls, d.Bytes, time.Since(d.ReadAt).Round(time.Minute))
	}
	others := all - len(days)
	fmt.Fprintf(&b, "%s of this token with %s in %d bytes; %s of other tokens.",
		talkover.Plural(len(days), "day", "days"), talkover.Plural(calls, "call", "calls"), bytes, talkover.Plural(others, "day", "days"))
	return p.print(b.String(), struct {
		Days   []cache.Stored `json:"days"`
		Others int            `json:"days_of_other_tokens"`
	}{days, others})
}

// clearKept deletes kept days.
func (p *Program) clearKept(cmd *cobra.Command, _ []string) error {
	dir, account, err := p.folder(cmd)
	if err != nil {
		return err
	}
	defer dir.Close()
	name := account.Name()
	if all, _ := cmd.Flags().GetBool("all"); all {
		name = ""
	}
	n, err := dir.Clear(name)
	if err != nil {
		return err
	}
	return p.print("Deleted "+talkover.Plural(n, "kept day", "kept days")+".", map[string]int{"deleted": n})
}
