package transport

import (
	"context"
	"errors"
	"fmt"
	"net"
	"syscall"
)

// wsaInUse is the error of Windows for EADDRINUSE. [syscall] has another number for it
// there (go1.26).
const wsaInUse = syscall.Errno(10048)

// Listen opens an address, host:port, for TCP. The error says which address a setting
// must have.
func Listen(ctx context.Context, addr string) (net.Listener, error) {
	ln, err := (&net.ListenConfig{}).Listen(ctx, "tcp", addr)
	switch {
	case errors.Is(err, syscall.EADDRINUSE), errors.Is(err, wsaInUse):
		return nil, fmt.Errorf("takes a port that is free; %s is in use", addr)
	case err != nil:
		return nil, errors.New("takes an address of this machine that is free")
	}
	return ln, nil
}
