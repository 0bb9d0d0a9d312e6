package schema_test

import (
	"strings"
	"testing"

	"github.com/talkover/talkover-mcp/schema"
)

// People and hosts write zones in any case, and Windows has names of its own.
func TestAZoneIsFoundInAnyCaseAndByItsNameOfWindows(t *testing.T) {
	for name, want := range map[string]string{
		"W. Europe Standard Time": "Europe/Berlin", "eastern standard time": "America/New_York",
		"AUS Eastern Standard Time": "Australia/Sydney",
		"UTC-08":                    "Etc/GMT+8", "america/new york": "America/New_York", "Nowhere/Town": "Nowhere/Town",
	} {
		if got := schema.Zone("").Spell(name); got != want {
			t.Errorf("%q is %q, want %q", name, got, want)
		}
	}
	for _, name := range []string{
		"Europe/London", "America/New_York", "America/Port-au-Prince", "America/Port_of_Spain",
		"Europe/Isle_of_Man", "Africa/Dar_es_Salaam",
		"America/Argentina/Buenos_Aires", "America/Argentina/ComodRivadavia", "America/North_Dakota/New_Salem",
		"America/Knox_IN",
		"America/Indiana/Knox", "America/Blanc-Sablon", "Antarctica/DumontDUrville", "Antarctica/McMurdo",
		"Australia/ACT", "Australia/LHI",
		"Australia/NSW", "Brazil/DeNoronha", "Chile/EasterIsland", "Mexico/BajaNorte", "Mexico/BajaSur",
		"US/Eastern", "US/East-Indiana",
		"US/Indiana-Starke", "Etc/GMT+5", "Etc/GMT-14", "Etc/UTC", "Etc/UCT", "Etc/Zulu", "UTC", "GMT", "GMT0",
		"GB", "GB-Eire", "NZ-CHAT",
		"W-SU", "EST5EDT", "PST8PDT", "CET", "PRC", "Zulu", "Greenwich",
	} {
		for _, written := range []string{name, strings.ToLower(name), strings.ToUpper(name)} {
			if got := schema.Zone("").Spell(written); got != name || schema.Zone(got).Check("") != nil {
				t.Errorf("%q is %q, want %q", written, got, name)
			}
		}
	}
	for line := range strings.Lines(schema.WindowsZones()) {
		if _, iana, _ := strings.Cut(strings.TrimSpace(line), "="); schema.Zone(iana).Check("") != nil ||
			schema.Zone(iana).Location() == nil {
			t.Errorf("%s is no zone", line)
		}
	}
}

// Etc/GMT+5 is five hours behind, by a sign that is the other way round. So GMT+5, by which
// people mean five hours ahead, is no name of it. The others differ from machine to machine.
func TestOffsetsAndFilesOfTheSystemAreNoZones(t *testing.T) {
	for _, name := range []string{"GMT+5", "gmt-3", "UTC+5", "UTC-5", "+05:00", "Local", "LOCAL", "localtime",
		"posixrules", "posix/Europe/Berlin", "right/Europe/Berlin", "Factory"} {
		if spelled := schema.Zone(schema.Zone("").Spell(name)); spelled.Check("") == nil {
			t.Errorf("%s is taken as %s", name, spelled)
		}
	}
}

// A clock of half a year is no zone: figures by EST are an hour off all summer.
func TestAbbreviationsNameTheZoneThatIsMeant(t *testing.T) {
	for name, want := range map[string]string{
		"EST": "America/New_York", "edt": "America/New_York", "CST": "America/Chicago", "MST": "America/Denver",
		"mst": "America/Denver",
		"HST": "Pacific/Honolulu", "PST": "America/Los_Angeles", "Pdt": "America/Los_Angeles", "bst": "Europe/London",
	} {
		err := schema.Zone(schema.Zone("").Spell(name)).Check("")
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %s", name, err, want)
		}
	}
}
