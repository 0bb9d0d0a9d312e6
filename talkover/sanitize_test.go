package talkover_test

import (
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"

	"github.com/talkover/talkover-mcp/talkover"
)

func TestClean(t *testing.T) {
	marks := func(n int) string { return strings.Repeat("\u0316", n) } // COMBINING GRAVE ACCENT BELOW
	for _, test := range []struct {
		name, in string
		limit    int
		want     string
	}{
		{"plain text is left", "Reception (EN) +1 202-555", 120, "Reception (EN) +1 202-555"},
		{"nothing is left nothing", "", 120, ""},
		{"other scripts are left", "\u0420\u0435\u0433\u0438\u043d\u0430 \u53d7\u4ed8 \u0627\u0633\u062a\u0642\u0628\u0627\u0644 \U0001F44D", 120, "\u0420\u0435\u0433\u0438\u043d\u0430 \u53d7\u4ed8 \u0627\u0633\u062a\u0642\u0628\u0627\u0644 \U0001F44D"},

		{"a broken byte is U+FFFD", "a\xffb", 120, "a\ufffdb"},
		{"a broken byte in plain text is U+FFFD", "\x80", 120, "\ufffd"},
		{"an encoded surrogate is U+FFFD", "a\xed\xa0\x80b", 120, "a\ufffd\ufffd\ufffdb"},
		{"an overlong form is U+FFFD", "\xc0\xaf", 120, "\ufffd\ufffd"},

		{"composed", "e\u0301", 120, "\u00e9"},
		{"composed from jamo", "\u1112\u1161\u11ab", 120, "\ud55c"},
		{"composed once what stands between is gone", "e\u200b\u0301", 120, "\u00e9"},
		{"marks in canonical order", "a\u0315\u0300", 120, "\u00e0\u0315"},
		{"a singleton is replaced", "\u212b", 120, "\u00c5"},
		{"a composition exclusion is taken apart", "\u0958", 120, "\u0915\u093c"},
		{"compatibility forms are left", "\ufb01\u00b2\uff11", 120, "\ufb01\u00b2\uff11"},

		{"runs of white space are one space", "a \t\n\v\f\r b", 120, "a b"},
		{"line and paragraph separators are a space", "a\u2028b\u2029c\u0085d", 120, "a b c d"},
		{"wide and fixed spaces are a space", "a\u00a0b\u1680c\u2003d\u202fe\u205ff\u3000g", 120, "a b c d e f g"},
		{"ends are trimmed", " \u3000a\u2003 ", 120, "a"},
		{"spaces alone are nothing", "  \n ", 120, ""},
		{"one space is nothing", " ", 120, ""},
		{"spaces around what is dropped are one", "a \u200b \u2800 b", 120, "a b"},

		{"controls are dropped", "a\x00b\x1b[31mc\x7fd\u009be", 120, "ab[31mcde"},
		{"bidi controls are dropped", "a\u202eb\u202ac\u2066d\u2069e\u200ff\u061cg", 120, "abcdefg"},
		{"zero width characters are dropped", "a\u200bb\u200cc\u200dd\u2060e\ufefff\u00adg\u180eh", 120, "abcdefgh"},
		{"tags are dropped", "a\U000e0001b\U000e0041c\U000e007fd", 120, "abcd"},
		{"interlinear annotations are dropped", "a\ufff9b\ufffac\ufffbd", 120, "abcd"},
		{"private use is dropped", "a\ue000b\uf8ffc\U000f0000d\U0010fffde", 120, "abcde"},
		{"noncharacters are dropped", "a\ufdd0b\ufdefc\ufffed\uffffe\U0001fffef\U0010ffffg", 120, "abcdefg"},
		{"variation selectors are dropped", "a\ufe00b\ufe0fc\U000e0100d\U000e01efe\u180bf\u180fg", 120, "abcdefg"},
		{"other default-ignorables are dropped", "a\u034fb\u115fc\u1160d\u17b4e\u3164f\uffa0g\u2065h\ufff0i\U000e0fffj", 120, "abcdefghij"},
		{"U+2800 and U+1D159 are dropped", "a\u2800b\U0001d159c", 120, "abc"},
		{"an emoji loses its selector and keeps its joiner", "\u2764\ufe0f\u200d\U0001F525", 120, "\u2764\u200d\U0001F525"},

		{"four marks stay", "a" + marks(4) + "b", 120, "a" + marks(4) + "b"},
		{"the fifth mark is dropped", "a" + marks(5) + "b" + marks(6), 120, "a" + marks(4) + "b" + marks(4)},
		{"what is dropped does not part a run of marks", "a" + marks(3) + "\u200d" + marks(3), 120, "a" + marks(4)},
		{"a space parts a run of marks", "a" + marks(4) + " " + marks(4), 120, "a" + marks(4) + " " + marks(4)},
		{"spacing and enclosing marks count", "\u0915\u093e\u20dd\u093e\u20dd\u093e", 120, "\u0915\u093e\u20dd\u093e\u20dd"},
		{"a thousand marks", "a" + marks(1000) + "b", 120, "a" + marks(4) + "b"},
		{"a mark that composes is none", "e" + strings.Repeat("\u0301", 40), 120, "\u00e9" + strings.Repeat("\u0301", 4)},
		{"marks that come apart into two", "a" + strings.Repeat("\u0344", 20), 120, "\u00e4\u0301\u0308\u0301\u0308"},

		{"the limit counts runes", strings.Repeat("\u00e9", 9), 3, "\u00e9\u00e9\u00e9"},
		{"the limit counts plain text", "abcdef", 3, "abc"},
		{"the limit is reached", "abc", 3, "abc"},
		{"the limit counts what is kept", "\u200b\u200b  a\u200b  b c", 3, "a b"},
		{"the limit counts after composing", "e\u0301e\u0301e\u0301", 3, "\u00e9\u00e9\u00e9"},
		{"no space is left at the cut", "ab cd", 3, "ab"},
		{"a limit of none", "abc\u00e9", 0, ""},
	} {
		got := talkover.Clean(test.in, test.limit)
		if got != test.want {
			t.Errorf("%s: %+q is %+q, want %+q", test.name, test.in, got, test.want)
		}
		if again := talkover.Clean(got, test.limit); again != got {
			t.Errorf("%s: %+q is %+q when cleaned again", test.name, got, again)
		}
	}
}

func FuzzClean(f *testing.F) {
	for _, s := range []string{
		"Reception (EN)", " a \t\u2028 b\u200b ", "e\u0301\u202e\ufe0f\U000e0041\ue000\uffff", "\xff\xed\xa0\x80",
		"a" + strings.Repeat("\u0344", 20), "\u1112\u0316\u0316\u0316\u0316\u0316\u1161", "\u2800\U0001d159\u3164",
		"\u09c7\u0316\u0316\u0316\u0316\u09be", "\U00016d63\U00016d67", "\u0f71\u0f72\u0f74\u0f80\u0f39\u0f71",
		strings.Repeat("\u1161", 31), // past 30 of them normalization puts a U+034F in between
	} {
		f.Add(s, uint8(120))
		f.Add(s, uint8(3))
	}
	never := []*unicode.RangeTable{
		unicode.Cc, unicode.Cf, unicode.Co, unicode.Cs, unicode.Zl, unicode.Zp,
		unicode.Noncharacter_Code_Point, unicode.Variation_Selector, unicode.Other_Default_Ignorable_Code_Point,
	}
	f.Fuzz(func(t *testing.T, in string, limit uint8) {
		s := talkover.Clean(in, int(limit))
		if !utf8.ValidString(s) || !norm.NFC.IsNormalString(s) {
			t.Errorf("%+q is %+q, which is no NFC", in, s)
		}
		if n := utf8.RuneCountInString(s); n > int(limit) {
			t.Errorf("%+q is %+q, of %d runes", in, s, n)
		}
		if again := talkover.Clean(s, int(limit)); again != s {
			t.Errorf("%+q is %+q, and then %+q", in, s, again)
		}
		if strings.Contains(s, "  ") || strings.TrimSpace(s) != s {
			t.Errorf("%+q is %+q, with spaces to spare", in, s)
		}
		marks := 0
		for _, r := range s {
			if unicode.In(r, never...) || unicode.IsSpace(r) && r != ' ' || r == '\u2800' || r == '\U0001d159' {
				t.Errorf("%+q is %+q, with %U", in, s, r)
			}
			if !unicode.Is(unicode.M, r) {
				marks = 0
			} else if marks++; marks > 4 {
				t.Errorf("%+q is %+q, with %d marks in a row", in, s, marks)
			}
		}
	})
}
