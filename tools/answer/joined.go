package answer

import "strings"

// Joined writes words as a list.
func Joined[T ~string](words []T) string { return JoinedBy(words, ", ") }

// JoinedBy writes words with something between them.
func JoinedBy[T ~string](words []T, between string) string {
	texts := make([]string, len(words))
	for i, w := range words {
		texts[i] = string(w)
	}
	return strings.Join(texts, between)
}
