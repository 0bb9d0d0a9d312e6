package deploy_test

import (
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/compose-spec/compose-go/v2/loader"
	"github.com/compose-spec/compose-go/v2/types"
)

// project loads compose.yaml as docker compose does. A key that Compose's schema does not know is an error.
func project(t *testing.T, env types.Mapping) (*types.Project, error) {
	t.Helper()
	dir, err := filepath.Abs(deploy)
	if err != nil {
		t.Fatal(err)
	}
	return loader.LoadWithContext(t.Context(), types.ConfigDetails{
		WorkingDir:  dir,
		ConfigFiles: []types.ConfigFile{{Filename: filepath.Join(dir, "compose.yaml")}},
		Environment: env,
	})
}

// services returns the project with talkover-mcp and Caddy; the third service is Valkey.
func services(t *testing.T) (p *types.Project, server, caddy types.ServiceConfig) {
	t.Helper()
	p, err := project(t, types.Mapping{"PUBLIC_HOST": "calls.example.com", "SECRETS_DIR": "/secrets"})
	if err != nil {
		t.Fatal(err)
	}
	if len(p.Services) != 3 {
		t.Fatalf("services are %v, want three", p.ServiceNames())
	}
	return p, p.Services["talkover-mcp"], p.Services["caddy"]
}

func TestComposeNeedsItsVariables(t *testing.T) {
	for missing, env := range map[string]types.Mapping{
		"PUBLIC_HOST": {"SECRETS_DIR": "/secrets"},
		"SECRETS_DIR": {"PUBLIC_HOST": "calls.example.com"},
	} {
		if _, err := project(t, env); err == nil || !strings.Contains(err.Error(), missing) {
			t.Errorf("without %s: %v", missing, err)
		}
	}
}

func TestComposeConfinesServices(t *testing.T) {
	p, server, caddy := services(t)
	for name, s := range p.Services {
		if !s.ReadOnly || s.Privileged || !slices.Equal(s.CapDrop, []string{"ALL"}) ||
			!slices.Equal(s.SecurityOpt, []string{"no-new-privileges:true"}) {
			t.Errorf("%s: read_only %v, privileged %v, cap_drop %v, security_opt %v", name, s.ReadOnly, s.Privileged, s.CapDrop, s.SecurityOpt)
		}
		if limits := s.Deploy.Resources.Limits; limits.MemoryBytes == 0 || limits.NanoCPUs == 0 || limits.Pids == 0 {
			t.Errorf("%s: limits are %+v, want memory, CPU and processes", name, limits)
		}
		if s.Restart != "unless-stopped" || time.Duration(*s.StopGracePeriod) <= drain*time.Second {
			t.Errorf("%s: restart %q, killed after %v", name, s.Restart, s.StopGracePeriod)
		}
	}
	if server.User != "65532:65532" || len(server.CapAdd) != 0 || len(server.Volumes) != 0 {
		t.Errorf("the server: user %q, cap_add %v, volumes %v", server.User, server.CapAdd, server.Volumes)
	}
	if !slices.Equal(caddy.CapAdd, []string{"NET_BIND_SERVICE"}) {
		t.Errorf("caddy: cap_add %v", caddy.CapAdd)
	}
	for _, s := range []types.ServiceConfig{caddy, p.Services["valkey"]} {
		if !pinned.MatchString(s.Image) {
			t.Errorf("the image of %s is %q, want a version with its digest", s.Name, s.Image)
		}
	}
	if !slices.Equal(server.HealthCheck.Test, []string{"CMD", "/talkover-mcp", "healthcheck"}) {
		t.Errorf("the health check is %v", server.HealthCheck.Test)
	}
	if on := caddy.DependsOn["talkover-mcp"]; on.Condition != types.ServiceConditionHealthy {
		t.Errorf("caddy waits for %+v", on)
	}
	if b := server.Build; b == nil || b.Dockerfile != "deploy/Dockerfile" || !sameDir(b.Context, root) {
		t.Errorf("the server is built of %+v", b)
	}
}

// pinned matches an image by version and digest.
var pinned = regexp.MustCompile(`^[a-z0-9./-]+:[A-Za-z0-9._-]+@sha256:[0-9a-f]{64}$`)

// sameDir reports whether two paths name one folder.
func sameDir(a, b string) bool {
	a, errA := filepath.Abs(a)
	b, errB := filepath.Abs(b)
	return errA == nil && errB == nil && a == b
}

func TestComposeNetworks(t *testing.T) {
	p, server, caddy := services(t)
	if len(server.Ports) != 0 || server.NetworkMode != "" {
		t.Errorf("the server publishes %v in network mode %q; only Caddy may", server.Ports, server.NetworkMode)
	}
	var published []string
	for _, port := range caddy.Ports {
		published = append(published, port.Published+"/"+port.Protocol)
	}
	if want := []string{"80/tcp", "443/tcp", "443/udp"}; !slices.Equal(published, want) {
		t.Errorf("caddy publishes %v, want %v", published, want)
	}
	for _, name := range []string{"inside", "shared"} {
		if !p.Networks[name].Internal {
			t.Errorf("the network %s leads outside", name)
		}
	}
	valkey := p.Services["valkey"]
	if _, ok := valkey.Networks["shared"]; !ok || len(valkey.Networks) != 1 || len(valkey.Ports) != 0 {
		t.Errorf("Valkey is on networks %v, with ports %v: it has no password", valkey.Networks, valkey.Ports)
	}
	if _, ok := caddy.Networks["shared"]; ok {
		t.Error("Caddy reaches Valkey, which has no password")
	}
	for _, s := range []types.ServiceConfig{server, caddy} {
		if _, ok := s.Networks["inside"]; !ok {
			t.Errorf("%s is not on the inner network", s.Name)
		}
	}
}

func TestComposeSettings(t *testing.T) {
	p, server, caddy := services(t)
	env := map[string]string{}
	for name, value := range server.Environment {
		if value == nil {
			t.Errorf("%s is taken from whoever starts it", name)
			continue
		}
		env[name] = *value
	}
	wantSettings(t, env, map[string]string{
		"MCP_TRANSPORT":     "http",
		"MCP_AUTH":          "token",
		"MCP_ADDR":          "0.0.0.0:8080",
		"MCP_METRICS_ADDR":  "0.0.0.0:9090",
		"MCP_ALLOWED_HOSTS": "calls.example.com,talkover-mcp",

		"TALKOVER_VALKEY_URL": "valkey://valkey:6379",
		"TALKOVER_REPLICAS":   strconv.Itoa(*server.Deploy.Replicas),
	})
	if n := *server.Deploy.Replicas; n != 3 {
		t.Errorf("%d replicas, want 3", n)
	}
	for _, name := range []string{"TALKOVER_TOKEN_FILE", "MCP_AUTH_TOKENS_FILE"} {
		dir, secret := path.Split(env[name])
		given := slices.ContainsFunc(server.Secrets, func(s types.ServiceSecretConfig) bool { return s.Source == secret })
		if dir != "/run/secrets/" || !given {
			t.Errorf("%s is %q, which is no secret of the server", name, env[name])
		}
	}
	for name, secret := range p.Secrets {
		if secret.Content != "" || secret.Environment != "" || !strings.HasPrefix(secret.File, "/secrets/") {
			t.Errorf("the secret %s is not a file of SECRETS_DIR: %q", name, secret.File)
		}
	}
	if len(caddy.Secrets) != 0 || *caddy.Environment["PUBLIC_HOST"] != "calls.example.com" {
		t.Errorf("caddy has secrets %v and environment %v", caddy.Secrets, caddy.Environment)
	}
}
