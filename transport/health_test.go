package transport

import "testing"

// Linux would reach itself at 0.0.0.0 too; other systems do not.
func TestProbeAsksWhereTheServerCanBeReached(t *testing.T) {
	for addr, want := range map[string]string{
		"0.0.0.0:80":     "127.0.0.1:80",
		"[::]:80":        "127.0.0.1:80",
		":80":            "127.0.0.1:80",
		"[::1]:80":       "[::1]:80",
		"10.0.0.5:http":  "10.0.0.5:http",
		"calls.local:80": "calls.local:80",
	} {
		if got, err := probeAddr(addr); got != want || err != nil {
			t.Errorf("%s is asked at %s, %v", addr, got, err)
		}
	}
}
