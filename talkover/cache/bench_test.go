package cache_test

import (
	"log/slog"
	"os"
	"testing"

	"github.com/talkover/talkover-mcp/talkover/cache"
)

// BenchmarkOpenAYear opens 365 sealed days with 200 calls each.
func BenchmarkOpenAYear(b *testing.B) {
	folder, err := os.MkdirTemp(b.TempDir(), "days")
	if err != nil {
		b.Fatal(err)
	}
	dir, err := cache.OpenDir(folder, slog.New(slog.DiscardHandler))
	if err != nil {
		b.Fatal(err)
	}
	defer dir.Close()
	o := cache.Options{Calls: 1_000_000, Store: dir}
	a := cache.New(o).Account(key("a"), noon)
	for i := range cache.Date(365) {
		a.Save(b.Context(), dayOf(b, first-i, 200))
	}
	for b.Loop() {
		if got := cache.New(o).Account(key("a"), noon).Days(b.Context(), first-364, first, noon); len(got) != 365 {
			b.Fatal(len(got))
		}
	}
}
