package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/sethvargo/go-envconfig"
)

// healthcheckTime bounds the question whether the server is alive.
const healthcheckTime = 3 * time.Second

// healthcheck asks the server of this configuration whether it is alive, for a
// container that has no other program to ask with. It needs no account, so what
// is wrong with other settings is no matter of it.
func (p program) healthcheck(ctx context.Context, env envconfig.Lookuper) int {
	c, err := load(ctx, env)
	var wrong faults
	if errors.As(err, &wrong) {
		for _, line := range wrong {
			if strings.HasPrefix(line, "MCP_TRANSPORT: ") {
				return p.fail(fmt.Errorf("healthcheck: %s", line), failed)
			}
		}
	}
	if c.Transport == "stdio" {
		return p.fail(errors.New("healthcheck: over stdio there is nothing to ask; give it the MCP_TRANSPORT and MCP_ADDR of the server, or its flags"), failed)
	}
	addr, err := probeAddr(c.Addr)
	if err != nil {
		return p.fail(errors.New("healthcheck: MCP_ADDR: takes host:port, such as 127.0.0.1:8080"), failed)
	}
	ctx, cancel := context.WithTimeout(ctx, healthcheckTime)
	defer cancel()
	if err := askHealth(ctx, addr); err != nil {
		return p.fail(fmt.Errorf("healthcheck: %w", err), failed)
	}
	return success
}

// probeAddr is where a server that listens on addr can be asked from this machine.
func probeAddr(addr string) (string, error) {
	host, port, err := net.SplitHostPort(addr)
	// Who listens on every IPv6 address listens on 127.0.0.1 too, and ::1 may be off.
	if ip := net.ParseIP(host); host == "" || ip != nil && ip.IsUnspecified() {
		host = "127.0.0.1"
	}
	return net.JoinHostPort(host, port), err
}

// askHealth fails unless the server answers 200. It uses no proxy and follows no
// redirect.
func askHealth(ctx context.Context, addr string) error {
	u := url.URL{Scheme: "http", Host: addr, Path: "/healthz"}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, u.String(), nil)
	if err != nil {
		return errors.New("MCP_ADDR is no address that can be asked")
	}
	req.Host = "localhost" // a name that every server of ours answers to
	res, err := (&http.Transport{DisableKeepAlives: true}).RoundTrip(req)
	var operation *net.OpError
	switch {
	case ctx.Err() != nil:
		return fmt.Errorf("%s does not answer within %v", addr, healthcheckTime)
	case errors.As(err, &operation):
		return fmt.Errorf("%s does not answer: %w", addr, operation.Err)
	case err != nil:
		return fmt.Errorf("%s does not answer in HTTP", addr)
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusOK {
		return fmt.Errorf("%s answers %d at /healthz, where the server answers 200", addr, res.StatusCode)
	}
	return nil
}
