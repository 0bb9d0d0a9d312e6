package config

import (
	"log/slog"
	"time"

	"github.com/talkover/talkover-mcp/talkover/cache"
	"github.com/talkover/talkover-mcp/talkover/valkey"
)

// Cache makes what keeps the days of calls that were read; the caller closes it. It keeps
// them in what replicas share, too, where that is not nil. It fails where the folder of
// TALKOVER_CACHE_DIR cannot be used. What is wrong with single days in either is logged at
// debug, since they are read from Talkover instead.
func (c Config) Cache(log *slog.Logger, shared *valkey.Server) (*cache.Cache, error) {
	o := cache.Options{
		BaseURL: c.BaseURL, Calls: int(c.CacheCalls), TTL: time.Duration(c.CacheTTL),
		Note: func(problem string, err error) { log.Debug(problem, "error", err) },
	}
	switch {
	case c.CacheCalls == 0 || c.Demo:
	case shared != nil:
		o.Store = shared.Days()
	case c.CacheDir != "":
		dir, err := c.CacheFolder(log)
		if err != nil {
			return nil, err
		}
		if dir.OpenToOthers() {
			log.Warn(openFolder)
		}
		dir.Sweep(time.Now())
		o.Store = dir
	}
	return cache.New(o), nil
}

// openFolder warns of a folder in which others could delete what is kept, or fill the disk.
const openFolder = "TALKOVER_CACHE_DIR: other users of this machine may write to the folder; " +
	"take that from them (chmod go-w)"

// CacheFolder opens the folder of TALKOVER_CACHE_DIR. The error is [Faults].
func (c Config) CacheFolder(log *slog.Logger) (*cache.Dir, error) {
	dir, err := cache.OpenDir(string(c.CacheDir), log)
	if err != nil {
		return nil, Faults{{Setting: "TALKOVER_CACHE_DIR", Problem: "takes a folder that this program may write to: " + err.Error()}}
	}
	return dir, nil
}
