// Package query holds what a question says: which calls it is about, of which days and of which
// agent, and whose account answers it.
package query
