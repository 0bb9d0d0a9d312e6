package e2e

import (
	"fmt"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"go.yaml.in/yaml/v4"

	"github.com/talkover/talkover-mcp/internal/config"
)

// yamlFile reads a file of deploy/. Programs that know its format check the rest of it: see .ci/deploy.
func yamlFile(t *testing.T, name string) (doc map[string]any) {
	t.Helper()
	b, err := os.ReadFile(filepath.Join("deploy", name))
	if err == nil {
		err = yaml.Unmarshal(b, &doc)
	}
	if err != nil {
		t.Fatal(name, err)
	}
	return doc
}

// at returns what stands at a path, such as a.b.0; nil for nothing.
func at(doc any, path string) any {
	for key := range strings.SplitSeq(path, ".") {
		switch v := doc.(type) {
		case map[string]any:
			doc = v[key]
		case []any:
			var i int
			if _, err := fmt.Sscan(key, &i); err != nil || i >= len(v) {
				return nil
			}
			doc = v[i]
		default:
			return nil
		}
	}
	return doc
}

// literals returns the settings that a kustomization makes a ConfigMap of.
func literals(t *testing.T, name string) map[string]string {
	t.Helper()
	env := map[string]string{}
	pairs, _ := at(yamlFile(t, name), "configMapGenerator.0.literals").([]any)
	for _, pair := range pairs {
		key, value, _ := strings.Cut(fmt.Sprint(pair), "=")
		env[key] = value
	}
	return env
}

// deployed returns the environment of the server in each way to deploy it. Compose's variables have values.
func deployed(t *testing.T) map[string]map[string]string {
	t.Helper()
	compose := map[string]string{}
	vars := regexp.MustCompile(`\$\{PUBLIC_HOST:[^}]*\}`)
	environment, _ := at(yamlFile(t, "compose.yaml"), "services.talkover-mcp.environment").(map[string]any)
	for name, value := range environment {
		compose[name] = vars.ReplaceAllString(fmt.Sprint(value), "calls.example.com")
	}
	replicas := literals(t, "kubernetes/kustomization.yaml")
	maps.Copy(replicas, literals(t, "kubernetes-replicas/kustomization.yaml"))
	return map[string]map[string]string{
		"compose": compose, "kubernetes": literals(t, "kubernetes/kustomization.yaml"), "kubernetes-replicas": replicas,
	}
}

// The server starts with what deploy/ sets, knows clients by the name that is public, and lets nobody in without a
// token. Its secrets are files.
func TestDeployedSettingsServe(t *testing.T) {
	t.Parallel()
	for name, set := range deployed(t) {
		t.Run(name, func(t *testing.T) {
			if len(set) < 8 {
				t.Fatalf("settings %v", set)
			}
			for setting := range set {
				known := slices.ContainsFunc(config.All(), func(s config.Setting) bool { return s.Env == setting })
				if secret := slices.Contains([]string{"TALKOVER_TOKEN", "MCP_AUTH_TOKENS"}, setting); !known &&
					setting != "GOMEMLIMIT" || secret {
					t.Errorf("%s is not a setting of the program, or a secret in the environment", setting)
				}
			}
			folder := t.TempDir()
			for setting, text := range map[string]string{
				"TALKOVER_TOKEN_FILE": canary, "MCP_AUTH_TOKENS_FILE": gateToken + " ann",
				"TALKOVER_VALKEY_URL_FILE": "valkey://127.0.0.1:1",
			} {
				path, ok := set[setting]
				if !ok {
					continue
				}
				if !strings.HasPrefix(path, "/run/secrets/") {
					t.Errorf("%s is %q", setting, path)
				}
				set[setting] = filepath.Join(folder, setting)
				if err := os.WriteFile(set[setting], []byte(text), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			if set["TALKOVER_VALKEY_URL"] != "" {
				set["TALKOVER_VALKEY_URL"] = "valkey://127.0.0.1:1" // nobody is there, and the replica goes on alone
			}
			set["MCP_ADDR"], set["MCP_METRICS_ADDR"] = "127.0.0.1:0", "127.0.0.1:0"
			var env []string
			for setting, value := range set {
				env = append(env, setting+"="+value)
			}
			addrs, _ := addresses(t, env)
			if scrape(t, addrs["metrics"]) == "" {
				t.Error("no metrics")
			}
			for _, knock := range []struct {
				path, host, token string
				want              int
			}{
				{"/healthz", "localhost", "", http.StatusOK}, // as the probes ask
				{"/mcp", "calls.example.com", "", http.StatusUnauthorized},
				{"/mcp", "calls.example.com", gateToken, http.StatusOK},
				{"/mcp", "evil.example", gateToken, http.StatusForbidden},
			} {
				r, err := http.NewRequest(http.MethodPost, addrs["serving"]+knock.path,
					strings.NewReader(strings.SplitN(hello, "\n", 2)[0]))
				if knock.path == "/healthz" {
					r, err = http.NewRequest(http.MethodGet, addrs["serving"]+knock.path, nil)
				}
				if err != nil {
					t.Fatal(err)
				}
				r.Host = knock.host
				r.Header.Set("Content-Type", "application/json")
				r.Header.Set("Accept", "application/json, text/event-stream")
				if knock.token != "" {
					r.Header.Set("Authorization", "Bearer "+knock.token)
				}
				res, err := http.DefaultClient.Do(r)
				if err != nil {
					t.Fatal(err)
				}
				res.Body.Close()
				if res.StatusCode != knock.want {
					t.Errorf("%s for %s: %s, want %d", knock.path, knock.host, res.Status, knock.want)
				}
			}
		})
	}
}

// What no validator knows: the ways in and out, and that a server may end what it has begun.
func TestDeployedServersAreConfined(t *testing.T) {
	t.Parallel()
	const pod = "spec.template.spec.containers.0."
	for name, want := range map[string]map[string]any{
		"compose.yaml": {
			"services.talkover-mcp.ports": nil, "services.talkover-mcp.deploy.replicas": 3,
			"services.talkover-mcp.stop_grace_period":             "12s",
			"services.talkover-mcp.environment.TALKOVER_REPLICAS": "3",
			"services.talkover-mcp.healthcheck.test":              []any{"CMD", "/talkover-mcp", "healthcheck"},
			"services.valkey.ports":                               nil, "services.valkey.networks": []any{"shared"},
			"services.caddy.networks":  []any{"inside", "outside"},
			"networks.inside.internal": true, "networks.shared.internal": true, "services.caddy.secrets": nil,
		},
		"kubernetes/deployment.yaml": {
			"spec.replicas": 1, "spec.strategy.rollingUpdate.maxUnavailable": 0,
			"spec.template.spec.terminationGracePeriodSeconds": 20,
			"spec.template.spec.automountServiceAccountToken":  false,
			"spec.template.spec.volumes.0.secret.defaultMode":  0o440,
			pod + "startupProbe.httpGet.path":                  "/healthz",
			pod + "livenessProbe.httpGet.path":                 "/healthz",
			pod + "readinessProbe.httpGet.path":                "/readyz",
			pod + "readinessProbe.httpGet.httpHeaders.0.value": "localhost",
			pod + "livenessProbe.httpGet.httpHeaders.0.value":  "localhost",
			pod + "volumeMounts.0.readOnly":                    true, pod + "ports.0.name": "http",
			pod + "ports.1.name": "metrics",
			pod + "securityContext": map[string]any{"allowPrivilegeEscalation": false, "readOnlyRootFilesystem": true,
				"capabilities": map[string]any{"drop": []any{"ALL"}}},
			"spec.template.spec.securityContext": map[string]any{"runAsNonRoot": true, "runAsUser": 65532,
				"runAsGroup": 65532, "fsGroup": 65532,
				"seccompProfile": map[string]any{"type": "RuntimeDefault"}},
		},
		"kubernetes/service.yaml": {"spec.ports.0.targetPort": "http", "spec.ports.1.targetPort": "metrics",
			"spec.ports.0.name": "http"},
		"kubernetes/namespace.yaml": {"metadata.labels": map[string]any{
			"pod-security.kubernetes.io/enforce": "restricted", "pod-security.kubernetes.io/warn": "restricted"}},
		"kubernetes/kustomization.yaml":          {"configMapGenerator.0.literals.6": "MCP_DRAIN_DELAY=5s"},
		"kubernetes-replicas/kustomization.yaml": {"configMapGenerator.0.literals.1": "TALKOVER_REPLICAS=3"},
		"kubernetes-replicas/pdb.yaml":           {"spec.maxUnavailable": 1},
		"kubernetes/networkpolicy.yaml": {
			"spec.policyTypes": []any{"Ingress", "Egress"}, "spec.ingress.2": nil, "spec.egress.2": nil,
			"spec.ingress.0.from.0.namespaceSelector.matchLabels": map[string]any{"kubernetes.io/metadata.name": "traefik"}, "spec.ingress.0.ports.0.port": "http",
			"spec.ingress.1.from.0.namespaceSelector.matchLabels": map[string]any{"kubernetes.io/metadata.name": "monitoring"}, "spec.ingress.1.ports.0.port": "metrics",
			"spec.egress.1.ports": []any{map[string]any{"protocol": "TCP", "port": 443}},
			// 169.254.0.0/16 has the metadata service of a cloud.
			"spec.egress.1.to.0.ipBlock.except": []any{"10.0.0.0/8", "100.64.0.0/10", "169.254.0.0/16",
				"172.16.0.0/12", "192.168.0.0/16"},
		},
	} {
		doc := yamlFile(t, name)
		for path, value := range want {
			if got := at(doc, path); fmt.Sprint(got) != fmt.Sprint(value) {
				t.Errorf("%s: %s is %v, want %v", name, path, got, value)
			}
		}
	}
	services, _ := at(yamlFile(t, "compose.yaml"), "services").(map[string]any)
	for name, s := range services {
		if at(s, "read_only") != true || at(s, "privileged") != nil || fmt.Sprint(at(s, "cap_drop")) != "[ALL]" ||
			fmt.Sprint(at(s, "security_opt")) != "[no-new-privileges:true]" ||
			at(s, "deploy.resources.limits.memory") == nil {
			t.Errorf("compose.yaml: %s may do more than it has to", name)
		}
	}
	var open []string
	paths, _ := at(yamlFile(t, "kubernetes/ingress.yaml"), "spec.rules.0.http.paths").([]any)
	for _, p := range paths {
		open = append(open, fmt.Sprint(at(p, "path"), " ", at(p, "pathType")))
		if to := at(p, "backend.service"); at(to, "name") != "talkover-mcp" || at(to, "port.name") != "http" {
			t.Errorf("ingress.yaml: %v leads to %v", at(p, "path"), to)
		}
	}
	if want := []string{"/mcp Exact", "/mcp/ Exact", "/register Exact",
		"/.well-known/oauth-protected-resource Prefix"}; !slices.Equal(open, want) {
		t.Errorf("open to the world: %q, want %q", open, want)
	}
}

// An image, or the base of one, is named by its digest: a tag can come to mean another.
func TestImagesArePinned(t *testing.T) {
	t.Parallel()
	named := regexp.MustCompile(`(?m)^(?:FROM|\s*image:)\s(?:--\S+\s)?(\S+)`)
	for file, own := range map[string]int{"deploy/Dockerfile": 0, "deploy/compose.yaml": 1} {
		b, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		images := named.FindAllStringSubmatch(string(b), -1)
		pinned := regexp.MustCompile(`^[a-z0-9./-]+:[A-Za-z0-9._-]+@sha256:[0-9a-f]{64}$`)
		loose := slices.DeleteFunc(images, func(m []string) bool { return pinned.MatchString(m[1]) })
		if len(images) != 2+own || len(loose) != own {
			t.Errorf("%s: not by version and digest: %q", file, loose)
		}
	}
}

// What a run of .ci/proxies does not show: browsers keep to https, nothing is told of health and metrics, no call is
// placed twice, and no log of a proxy has a token.
func TestProxiesKeepWhatIsInside(t *testing.T) {
	t.Parallel()
	for file, test := range map[string]struct{ has, lacks []string }{
		"deploy/Caddyfile": {
			has: []string{"admin off", "request>headers>X-Talkover-Token delete",
				`header Strict-Transport-Security "max-age=31536000"`,
				"\t@calls path /mcp /mcp/ /register /.well-known/oauth-protected-resource " +
					"/.well-known/oauth-protected-resource/*\n",
				"\t@sessions path /sse /sse/ /message\n", "\thandle {\n\t\trespond 404\n\t}", "lb_policy ip_hash",
				"dynamic a talkover-mcp 8080", "keepalive 60s", "lb_try_duration 15s"},
			lacks: []string{"flush_interval", "lb_retry_match"},
		},
		"deploy/nginx.conf": {
			has: []string{"listen 443 ssl;", `add_header Strict-Transport-Security "max-age=31536000" always;`,
				"proxy_set_header Host $http_host;",
				"proxy_buffering off;", "proxy_set_header Connection close;", "ip_hash;",
				"location / {\n\t\treturn 404;\n\t}", "server talkover-mcp-1:8080 max_fails=0;"},
			lacks: []string{"non_idempotent"},
		},
	} {
		b, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		directives := regexp.MustCompile(`(?m)#.*$`).ReplaceAllString(string(b), "")
		for _, want := range test.has {
			if !strings.Contains(directives, want) {
				t.Errorf("%s has no %q", file, want)
			}
		}
		for _, never := range test.lacks {
			if strings.Contains(directives, never) {
				t.Errorf("%s has %s", file, never)
			}
		}
	}
}
