package schema_test

import (
	"strings"
	"testing"
	"time"

	"github.com/talkover/talkover-mcp/schema"
)

func TestEachWindowsZoneIsOneOfIANA(t *testing.T) {
	for name, want := range map[string]string{
		"W. Europe Standard Time": "Europe/Berlin", "eastern standard time": "America/New_York", "AUS Eastern Standard Time": "Australia/Sydney",
		"europe/london": "Europe/London", "AMERICA/NEW_YORK": "America/New_York", "america/port-au-prince": "America/Port-au-Prince",
		"africa/dar_es_salaam": "Africa/Dar_es_Salaam", "utc": "UTC", "etc/gmt+5": "Etc/GMT+5", "Europe/Berlin": "Europe/Berlin",
		"america/argentina/buenos_aires": "America/Argentina/Buenos_Aires", "est5edt": "EST5EDT", "Nowhere/Town": "Nowhere/Town",
	} {
		if got := schema.Zone("").Spell(name); got != want {
			t.Errorf("%q is %q, want %q", name, got, want)
		}
	}
	for _, line := range strings.Fields(strings.ReplaceAll(schema.WindowsZones(), " ", "~")) {
		_, iana, _ := strings.Cut(line, "=")
		if _, err := time.LoadLocation(iana); err != nil {
			t.Errorf("%s: %v", line, err)
		}
	}
}

// A clock of half a year is no zone: figures by EST are an hour off all summer.
func TestAbbreviationsNameTheZoneThatIsMeant(t *testing.T) {
	for name, want := range map[string]string{"EST": "America/New_York", "MST": "America/Denver", "HST": "Pacific/Honolulu", "PST": "America/Los_Angeles", "bst": "Europe/London"} {
		err := schema.Zone(name).Check("")
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %s", name, err, want)
		}
	}
	for _, name := range []string{"EST5EDT", "CET", "UTC", "Etc/GMT+5", "GB"} {
		if err := schema.Zone(name).Check(""); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}
