package settings

import (
	"log/slog"
	"time"

	"github.com/talkover/talkover-mcp/talkover/cache"
)

// Cache makes what keeps the days of calls that were read; the caller closes it. It fails
// where the folder of TALKOVER_CACHE_DIR cannot be used. What is wrong with single days in
// it is logged at debug, since they are read from Talkover instead.
func (c Config) Cache(log *slog.Logger) (*cache.Cache, error) {
	o := cache.Options{
		BaseURL: c.BaseURL, Calls: int(c.CacheCalls), TTL: time.Duration(c.CacheTTL),
		Note: func(problem string, err error) { log.Debug(problem, "error", err) },
	}
	if c.CacheDir != "" && c.CacheCalls > 0 && !c.Demo {
		dir, err := c.CacheFolder()
		if err != nil {
			return nil, err
		}
		o.Store = dir
	}
	return cache.New(o), nil
}

// CacheFolder opens the folder of TALKOVER_CACHE_DIR. The error is [Faults].
func (c Config) CacheFolder() (*cache.Dir, error) {
	dir, err := cache.OpenDir(c.CacheDir)
	if err != nil {
		return nil, Faults{{Setting: "TALKOVER_CACHE_DIR", Problem: "takes a folder that this program may write to: " + err.Error()}}
	}
	return dir, nil
}
