package schema

import (
	_ "embed"
	"fmt"
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
	"BRT": "America/Sao_Paulo", "BST": "Europe/London", "CEST": "Europe/Berlin", "EEST": "Europe/Athens", "WEST": "Europe/Lisbon",
	"IST": "Asia/Kolkata", "JST": "Asia/Tokyo", "SGT": "Asia/Singapore",
	"AWST": "Australia/Perth", "AEST": "Australia/Sydney", "AEDT": "Australia/Sydney", "NZST": "Pacific/Auckland", "NZDT": "Pacific/Auckland",
}

// JSONSchema implements the hook of invopop/jsonschema.
func (Zone) JSONSchema() *jsonschema.Schema { return &jsonschema.Schema{Type: "string"} }

// Spell implements [Speller]. It takes a name in any case, and one of Windows.
func (Zone) Spell(value string) string {
	for line := range strings.Lines(windowsZones) {
		if theirs, iana, _ := strings.Cut(strings.TrimSpace(line), "="); strings.EqualFold(theirs, value) {
			return iana
		}
	}
	small := strings.NewReplacer("_Es_", "_es_", "_Of_", "_of_", "-Au-", "-au-", "Dumontdurville", "DumontDUrville", "Mcmurdo", "McMurdo")
	for _, name := range []string{value, strings.ToUpper(value), small.Replace(titled(value)), "Etc/" + strings.ToUpper(strings.TrimPrefix(strings.ToLower(value), "etc/"))} {
		if _, err := time.LoadLocation(name); err == nil && name != "LOCAL" {
			return name
		}
	}
	return value
}

// titled writes each word with a capital, as most names of zones are.
func titled(name string) string {
	up := true
	return strings.Map(func(r rune) rune {
		was := up
		up = r == '/' || r == '_' || r == '-'
		if was {
			return []rune(strings.ToUpper(string(r)))[0]
		}
		return []rune(strings.ToLower(string(r)))[0]
	}, name)
}

// Check implements [Checker].
func (z Zone) Check(string) error {
	if meant := abbreviations[strings.ToUpper(string(z))]; meant != "" {
		return fmt.Errorf("%s names no zone, but its clock in a part of the year; give the zone, such as %s", quote(string(z)), meant)
	}
	if _, err := time.LoadLocation(string(z)); err != nil || z == "" || z == "Local" {
		return fmt.Errorf("%s is no IANA time zone; give one such as Europe/Berlin", quote(string(z)))
	}
	return nil
}

// Location loads the zone. It returns nil if there is none, or none of this name, which
// [Input.Decode] refuses.
func (z Zone) Location() *time.Location {
	if z == "" {
		return nil
	}
	l, err := time.LoadLocation(string(z))
	if err != nil {
		return nil
	}
	return l
}
