package config

import (
	"log/slog"
	"time"

	"github.com/talkover/talkover-mcp/talkover/calls"
	"github.com/talkover/talkover-mcp/talkover/valkey"
)

// Logs makes what reads the logs of calls, by a clock, and keeps what was read; the caller closes
// it. It keeps that in what replicas share, too, where that is not nil. It fails where the folder
// of TALKOVER_CACHE_DIR cannot be used. What is wrong with single readings in either is logged at
// debug, since their calls are read from Talkover instead.
func (c Config) Logs(log *slog.Logger, shared *valkey.Server, now func() time.Time) (*calls.Logs, error) {
	o := calls.Options{
		BaseURL: c.BaseURL, Calls: c.CacheCalls, TTL: c.CacheTTL, Now: now,
		Note: func(problem string, err error) { log.Debug(problem, "error", err) },
	}
	switch {
	case c.CacheCalls == 0 || c.Demo:
	case shared != nil:
		o.Store = shared.Store()
	case c.CacheDir != "":
		dir, err := c.CacheFolder(log)
		if err != nil {
			return nil, err
		}
		if dir.OpenToOthers() {
			log.Warn(OpenFolder)
		}
		dir.Sweep(time.Now())
		o.Store = dir
	}
	return calls.New(o), nil
}

// OpenFolder warns of a folder in which others could delete what is kept, or fill the disk.
const OpenFolder = "TALKOVER_CACHE_DIR: other users of this machine may write to the folder; take that from them " +
	"(chmod go-w)"

// CacheFolder opens the folder of TALKOVER_CACHE_DIR. The error is [Faults].
func (c Config) CacheFolder(log *slog.Logger) (*calls.Dir, error) {
	dir, err := calls.OpenDir(c.CacheDir, log)
	if err != nil {
		return nil, Faults{{Setting: "TALKOVER_CACHE_DIR",
			Problem: "takes a folder that this program may write to: " + err.Error()}}
	}
	return dir, nil
}
