package talkover_test

import (
	"testing"

	"github.com/talkover/talkover-mcp/talkover"
)

// Which numbers may be rung?
func TestCallingCodes(t *testing.T) {
	for list, numbers := range map[string]map[string]bool{
		"":                     {"+12025550123": true, "+881612345678": true},
		"1":                    {"+12025550123": true, "+18765550123": true, "+442079460018": false, "+881612345678": false, "+9790123456": false},
		"1,-1900,-1876, +44":   {"+12025550123": true, "+19005550123": false, "+18765550123": false, "+442079460018": true, "+4921112345": false},
		"44,-4490,44901":       {"+442079460018": true, "+449012345678": true, "+449022345678": false},
		"881":                  {"+881612345678": true, "+882161234567": false, "+8612345678": false},
		"7,20,-7":              {"+74951234567": true, "+2021234567": true},
		"-1":                   {"+12025550123": false, "+442079460018": false},
		"999":                  {"+99912345678": true, "+9912345678": false},
		"39,378":               {"+3906698": true, "+378054988": true, "+3701234567": false},
		" 49 , ,+33 ":          {"+4930123456": true, "+33123456789": true, "+34123456789": false},
		"1202555":              {"+12025550123": true, "+12035550123": false},
		"1242,-12425550123,44": {"+12425550123": false, "+12425550124": true},
	} {
		codes, err := talkover.ParseCallingCodes(list)
		if err != nil {
			t.Errorf("%q: %v", list, err)
		}
		for number, want := range numbers {
			if got := codes.Allow(number); got != want {
				t.Errorf("%q: %s may be rung: %t", list, number, got)
			}
		}
	}
	for _, list := range []string{"x", "0", "01", "+", "-", "4", "88", "99,1", "1;44", "1 44", "12345678901234567", "１"} {
		if codes, err := talkover.ParseCallingCodes(list); err == nil {
			t.Errorf("%q is taken: %v", list, codes)
		}
	}
	codes, _ := talkover.ParseCallingCodes("44,1,-1900")
	if got := codes.String(); got != "+1, +44, not +1900" {
		t.Errorf("codes are %q", got)
	}
}
