package talkover

import "fmt"

// Plural writes a number of things, such as "1 call" and "2 calls".
func Plural(n int, one, many string) string {
	if n == 1 {
		many = one
	}
	return fmt.Sprintf("%d %s", n, many)
}
