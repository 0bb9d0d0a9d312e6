// Package makecall places calls, which ring people and cost money. An order is confirmed by the
// user, bounded by the hour, sent once, and not sent again within ten minutes.
package makecall
