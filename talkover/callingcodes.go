package talkover

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// CallingCodes says which numbers may be rung, by their first digits. Of the codes that
// a number begins with, the longest decides; a number that begins with none may not be
// rung. Nil lets all numbers through.
type CallingCodes []callingCode

type callingCode struct {
	digits string
	barred bool
}

// ParseCallingCodes reads calling codes separated by commas, such as "1,44,-1900": the
// United States and others with their code, the United Kingdom, but not 1 900. The plus
// sign may be written. Each code has at least the digits that ITU-T E.164 gives a country
// or a network, so 881, 979 and the like are rung only if they are named.
func ParseCallingCodes(list string) (CallingCodes, error) {
	var all CallingCodes
	for code := range strings.SplitSeq(list, ",") {
		code = strings.TrimSpace(code)
		digits, barred := strings.CutPrefix(code, "-")
		digits = strings.TrimPrefix(digits, "+")
		switch {
		case code == "":
			continue
		case strings.Trim(digits, "0123456789") != "" || digits == "" || digits[0] == '0' || len(digits) > 15:
			return nil, fmt.Errorf("%q is no calling code", code)
		case len(digits) < countryDigits(digits):
			return nil, fmt.Errorf("%q is no whole calling code", code)
		}
		all = append(all, callingCode{digits, barred})
	}
	slices.SortStableFunc(all, func(a, b callingCode) int { return cmp.Compare(len(b.digits), len(a.digits)) })
	return all, nil
}

// Allow reports whether a number in E.164 may be rung.
func (all CallingCodes) Allow(number string) bool {
	for _, code := range all {
		if strings.HasPrefix(number, "+"+code.digits) {
			return !code.barred
		}
	}
	return all == nil
}

// String lists the codes as they are set.
func (all CallingCodes) String() string {
	codes := make([]string, len(all))
	for i, code := range all {
		codes[i] = "+" + code.digits
		if code.barred {
			codes[i] = "not " + codes[i]
		}
	}
	slices.Sort(codes)
	return strings.Join(codes, ", ")
}

// twoDigits lists the country codes of two digits. Those of one digit are 1 and 7, and
// all others have three (ITU-T E.164, list of assigned country codes).
const twoDigits = " 20 27 30 31 32 33 34 36 39 40 41 43 44 45 46 47 48 49 " +
	"51 52 53 54 55 56 57 58 60 61 62 63 64 65 66 81 82 84 86 90 91 92 93 94 95 98 "

// countryDigits returns how many digits of a number are its country code.
func countryDigits(digits string) int {
	switch {
	case digits[0] == '1', digits[0] == '7':
		return 1
	case len(digits) > 1 && strings.Contains(twoDigits, " "+digits[:2]+" "):
		return 2
	}
	return 3
}

// CountryCode returns the calling code that the digits of a number in international form begin with,
// or "" if they are none.
func CountryCode(digits string) string {
	if len(digits) < 7 || strings.Trim(digits, "0123456789") != "" || digits[0] == '0' {
		return ""
	}
	return digits[:countryDigits(digits)]
}

// National returns the digits of a number in international form without its country code.
func National(number string) string {
	d := Digits(number)
	if d == "" {
		return ""
	}
	return d[min(countryDigits(d), len(d)):]
}

// Digits returns the decimal digits of a number, in ASCII.
func Digits(s string) string {
	return strings.Map(func(r rune) rune {
		if '0' <= r && r <= '9' {
			return r
		}
		return -1
	}, s)
}
