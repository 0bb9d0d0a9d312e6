//go:build !linux

package transport

import "net"

// stopListening returns nothing: here closing the listener is all there is.
func stopListening(net.Listener) []net.Conn { return nil }
