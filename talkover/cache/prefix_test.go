package cache_test

import (
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/talkover/talkover-mcp/talkover"
	"github.com/talkover/talkover-mcp/talkover/cache"
)

// A number begins with digits where its text does, packed or not.
func TestPrefixesAgainstTheTextsOfNumbers(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 3))
	digits := func(n int) string {
		var b strings.Builder
		for range n {
			b.WriteByte("0123459"[r.IntN(7)])
		}
		return b.String()
	}
	numbers := []string{"", "+", "anonymous", "Anonymous caller", "sip:44@example.com"}
	for range 2000 {
		numbers = append(numbers, []string{"+", "", "00"}[r.IntN(3)]+digits(r.IntN(21)))
	}
	var b cache.Builder
	for _, n := range numbers {
		if err := b.Add(talkover.Call{Direction: "inbound", From: n}); err != nil {
			t.Fatal(err)
		}
	}
	c := b.Columns()
	hits := 0
	for range 300 {
		want := digits(r.IntN(19))
		p := cache.NewPrefix("+" + want)
		for i, n := range numbers {
			is := strings.HasPrefix(strings.Trim(n, "+sip:"), want)
			if strings.Contains(n, "anon") || strings.Contains(n, "Anon") || n == "+" {
				is = want == ""
			}
			if got := c.Row(i).ContactBegins(&p); want != "" && got != is {
				t.Fatalf("%q begins with %q: %v", n, want, got)
			} else if got && want != "" {
				hits++
			}
		}
	}
	if hits < 1000 {
		t.Errorf("%d numbers began with what was looked for: too few to show anything", hits)
	}
	for prefix, want := range map[string]int{"anonymous": 2, "Anonymous c": 1, "+44 ": 0, "": len(numbers)} {
		p, n := cache.NewPrefix(prefix), 0
		for row := range c.Rows() {
			if row.ContactBegins(&p) {
				n++
			}
		}
		if prefix != "+44 " && n != want || prefix == "+44 " && n == 0 {
			t.Errorf("%q finds %d numbers, want %d", prefix, n, want)
		}
	}
}
