package stats

import (
	"fmt"
	"strings"
	"time"
)

// Hours is when in a week calls begin. The zero value stands for any time.
type Hours struct {
	stretches []stretch
	outside   bool   // it is all the time that is in no stretch
	text      string // as it was given
}

// stretch is from one time of day to another, on the days on which it begins. Where it ends no later
// than it begins, it goes over midnight.
type stretch struct {
	days     [7]bool // by time.Weekday
	from, to time.Duration
}

// ParseHours reads stretches of time separated by commas, such as "9-17", "22-6" or
// "Mon-Fri 09:00-17:30, Sat 10-14". They begin and end at quarters of an hour, and hold their
// first moment and not their end. Without days they are of each day.
func ParseHours(text string) (Hours, error) {
	h := Hours{text: strings.TrimSpace(text)}
	var days [7]bool
	for part := range strings.SplitSeq(text, ",") {
		words := strings.Fields(strings.ToLower(part))
		if len(words) > 0 && words[0][0] > '9' {
			if !addDays(&days, words[0]) {
				return Hours{}, fmt.Errorf("%q is not days such as Mon-Fri", words[0])
			}
			if words = words[1:]; len(words) == 0 {
				continue // the time comes after further days
			}
		}
		if days == [7]bool{} {
			days = [7]bool{true, true, true, true, true, true, true}
		}
		from, to, ok := strings.Cut(strings.Join(words, ""), "-")
		s := stretch{days: days}
		var begins, ends bool
		s.from, begins = timeOfDay(from)
		s.to, ends = timeOfDay(to)
		if !ok || !begins || !ends || s.from == s.to {
			return Hours{}, fmt.Errorf("%q is not a time such as 9-17 or 09:00-17:30, at quarters of an hour", strings.Join(words, " "))
		}
		h.stretches, days = append(h.stretches, s), [7]bool{}
	}
	if days != [7]bool{} || h.stretches == nil {
		return Hours{}, fmt.Errorf("%q has days without a time such as 9-17", h.text)
	}
	return h, nil
}

// addDays adds a day, or those from one to another.
func addDays(days *[7]bool, words string) bool {
	first, last, several := strings.Cut(words, "-")
	from, ok := weekday(first)
	to, isDay := from, true
	if several {
		to, isDay = weekday(last)
	}
	for day := from; ok && isDay; day = (day + 1) % 7 {
		if days[day] = true; day == to {
			return true
		}
	}
	return false
}

// weekday returns the day that a word begins to name.
func weekday(word string) (time.Weekday, bool) {
	for day := range time.Saturday + 1 {
		if len(word) >= 3 && strings.HasPrefix(strings.ToLower(day.String()), word) {
			return day, true
		}
	}
	return 0, false
}

// timeOfDay reads 9, 09:30 or 24.
func timeOfDay(text string) (time.Duration, bool) {
	var hour, minute int
	if n, err := fmt.Sscanf(text+":00", "%d:%d", &hour, &minute); err != nil || n < 2 {
		return 0, false
	}
	at := time.Duration(hour)*time.Hour + time.Duration(minute)*time.Minute
	whole := len(text) <= 2 || len(text) <= 5 && text[len(text)-3] == ':'
	return at, whole && hour >= 0 && minute >= 0 && minute < 60 && at <= 24*time.Hour && at%(15*time.Minute) == 0
}

// IsZero reports whether any time is meant.
func (h Hours) IsZero() bool { return h.stretches == nil }

// Outside returns all the time that is not in the hours.
func (h Hours) Outside() Hours {
	h.outside = !h.outside
	return h
}

// String returns the hours as they were given.
func (h Hours) String() string { return h.text }

// hold reports whether a moment, which is in the zone that is asked for, is in the hours.
func (h Hours) hold(at time.Time) bool {
	clock, day := clockOf(at), at.Weekday()
	for _, s := range h.stretches {
		over := s.to <= s.from // midnight
		switch {
		case s.days[day] && clock >= s.from && (over || clock < s.to),
			over && s.days[(day+6)%7] && clock < s.to:
			return !h.outside
		}
	}
	return h.outside
}
