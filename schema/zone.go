package schema

import (
	_ "embed"
	"fmt"
	"regexp"
	"strings"
	"time"

	"github.com/invopop/jsonschema"
)

// Zone is the IANA name of a time zone, such as Europe/Berlin.
type Zone string

// windowsZones has a line for each time zone of Windows: its name and that of IANA, as the
// windowsZones of Unicode's CLDR has them.
//
//go:embed windowszones.txt
var windowsZones string

// abbreviations are those of clocks that people name for a zone. As zones of IANA some of them
// stand for one half of the year alone, so figures by them would be an hour off in the other.
var abbreviations = map[string]string{
	"EST": "America/New_York", "EDT": "America/New_York", "CST": "America/Chicago", "CDT": "America/Chicago",
	"MST": "America/Denver", "MDT": "America/Denver", "PST": "America/Los_Angeles", "PDT": "America/Los_Angeles",
	"AKST": "America/Anchorage", "AKDT": "America/Anchorage", "HST": "Pacific/Honolulu", "HDT": "Pacific/Honolulu",
	"BRT": "America/Sao_Paulo", "BST": "Europe/London", "CEST": "Europe/Berlin", "IST": "Asia/Kolkata",
	"JST": "Asia/Tokyo", "AEST": "Australia/Sydney", "AEDT": "Australia/Sydney",
}

// JSONSchema implements the hook of invopop/jsonschema.
func (Zone) JSONSchema() *jsonschema.Schema { return &jsonschema.Schema{Type: "string"} }

// Names of zones begin each word with a capital, but for those that oddly writes otherwise.
var (
	firstLetters = regexp.MustCompile(`(^|[/_-])[a-z]`)
	oddly        = strings.NewReplacer("/Gmt", "/GMT", "/Utc", "/UTC", "/Uct", "/UCT", "Us/", "US/", "Gb-", "GB-",
		"/Act", "/ACT", "/Lhi", "/LHI", "/Nsw", "/NSW", "x_In", "x_IN", "_Es_", "_es_", "_Of_", "_of_", "-Au-", "-au-",
		"Mcm", "McM", "tdu", "tDU", "drivad", "dRivad", "Deno", "DeNo", "risland", "rIsland", "Bajan", "BajaN",
		"Bajas", "BajaS")
)

// Spell implements [Speller]. It takes a name in any case, and one of Windows.
func (Zone) Spell(value string) string {
	for line := range strings.Lines(windowsZones) {
		if theirs, iana, _ := strings.Cut(strings.TrimSpace(line), "="); strings.EqualFold(theirs, value) {
			return iana
		}
	}
	small := strings.ReplaceAll(strings.ToLower(value), " ", "_")
	for _, name := range []string{value, strings.ToUpper(value),
		oddly.Replace(firstLetters.ReplaceAllStringFunc(small, strings.ToUpper))} {
		if _, err := time.LoadLocation(name); err == nil {
			return name
		}
	}
	return value
}

// notZones matches what the system's files of zones hold besides zones that people have: the clock
// of this machine, one without an offset, and copies of all zones, with leap seconds and without.
var notZones = regexp.MustCompile(`^(?i:local|posix|right/|factory)`)

// Check implements [Checker].
func (z Zone) Check(string) error {
	if meant := abbreviations[strings.ToUpper(string(z))]; meant != "" {
		return fmt.Errorf("%s is the clock of a zone in a part of the year; give the zone, such as %s",
			quote(string(z)), meant)
	}
	if _, err := time.LoadLocation(string(z)); err != nil || z == "" || notZones.MatchString(string(z)) {
		return fmt.Errorf("%s is not an IANA time zone; give one such as Europe/Berlin", quote(string(z)))
	}
	return nil
}

// Location loads the zone. It returns nil if there is none, or none of this name, which
// [Input.Decode] refuses.
func (z Zone) Location() *time.Location {
	if l, err := time.LoadLocation(string(z)); z != "" && err == nil {
		return l
	}
	return nil
}
