package telemetry_test

import (
	"strings"
	"testing"

	"github.com/talkover/talkover-mcp/internal/telemetry"
)

func TestPseudonyms(t *testing.T) {
	const number = "+12025550123"
	a, b, own := telemetry.NewPseudonyms([]byte("a")), telemetry.NewPseudonyms([]byte("b")), telemetry.NewPseudonyms(nil)
	if a.Of(number) != telemetry.NewPseudonyms([]byte("a")).Of(number) || len(a.Of(number)) != 16 {
		t.Errorf("%s, %s", a.Of(number), own.Of(number))
	}
	if first, again := own.Of(number), own.Of(number); first != again {
		t.Errorf("one key gives %s and %s", first, again)
	}
	for _, other := range []string{b.Of(number), own.Of(number), telemetry.NewPseudonyms(nil).Of(number), a.Of(number + "4")} {
		if other == a.Of(number) || strings.Contains(other, number[1:]) {
			t.Errorf("%s is %s too", a.Of(number), other)
		}
	}
	if own.Of(number) == telemetry.NewPseudonyms(nil).Of(number) {
		t.Error("keys of their own are the same")
	}
}
