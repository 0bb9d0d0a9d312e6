package deploy_test

import (
	"maps"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	apps "k8s.io/api/apps/v1"
	core "k8s.io/api/core/v1"
	networking "k8s.io/api/networking/v1"
	policy "k8s.io/api/policy/v1"
	"sigs.k8s.io/kustomize/api/krusty"
	"sigs.k8s.io/kustomize/kyaml/filesys"
	"sigs.k8s.io/yaml"
)

// objects holds what kubectl apply -k sends, one object of each kind.
type objects struct {
	namespace  core.Namespace
	account    core.ServiceAccount
	settings   core.ConfigMap
	deployment apps.Deployment
	service    core.Service
	ingress    networking.Ingress
	budget     policy.PodDisruptionBudget // of replicas alone
	network    networking.NetworkPolicy
}

// build builds the objects of one replica.
func build(t *testing.T) *objects { return kustomize(t, "kubernetes") }

// replicas builds the objects of three replicas that share a Valkey.
func replicas(t *testing.T) *objects { return kustomize(t, "kubernetes-replicas") }

// kustomize builds the objects of a folder as kustomize does, and decodes them as strictly as kubectl validates them. The test fails on an
// unknown field, a field that occurs twice and a kind that is not expected.
func kustomize(t *testing.T, folder string) *objects {
	t.Helper()
	dir, err := filepath.Abs(filepath.Join(deploy, folder))
	if err != nil {
		t.Fatal(err)
	}
	made, err := krusty.MakeKustomizer(krusty.MakeDefaultOptions()).Run(filesys.MakeFsOnDisk(), dir)
	if err != nil {
		t.Fatal(err)
	}
	var o objects
	kinds := map[string]any{
		"v1/Namespace": &o.namespace, "v1/ServiceAccount": &o.account, "v1/ConfigMap": &o.settings,
		"apps/v1/Deployment": &o.deployment, "v1/Service": &o.service, "networking.k8s.io/v1/Ingress": &o.ingress,
		"networking.k8s.io/v1/NetworkPolicy": &o.network,
	}
	if folder == "kubernetes-replicas" {
		kinds["policy/v1/PodDisruptionBudget"] = &o.budget
	}
	for _, resource := range made.Resources() {
		kind := path.Join(resource.GetGvk().ApiVersion(), resource.GetKind())
		into, ok := kinds[kind]
		if !ok {
			t.Fatalf("%s is none of the kinds that are expected once: no Secret belongs here", kind)
		}
		delete(kinds, kind)
		if err := yaml.UnmarshalStrict([]byte(resource.MustYaml()), into); err != nil {
			t.Errorf("%s: %v", kind, err)
		}
		if ns := resource.GetNamespace(); kind != "v1/Namespace" && ns != "talkover-mcp" {
			t.Errorf("%s is in namespace %q", kind, ns)
		}
	}
	if len(kinds) > 0 {
		t.Fatalf("not there: %v", slices.Collect(maps.Keys(kinds)))
	}
	return &o
}

// server returns the only container of the pods.
func (o *objects) server(t *testing.T) core.Container {
	t.Helper()
	pod := o.deployment.Spec.Template.Spec
	if len(pod.Containers) != 1 || len(pod.InitContainers) != 0 {
		t.Fatalf("%d containers and %d init containers, want 1 and 0", len(pod.Containers), len(pod.InitContainers))
	}
	return pod.Containers[0]
}

func TestKubernetesPodIsConfined(t *testing.T) {
	o := build(t)
	pod, server := o.deployment.Spec.Template.Spec, o.server(t)
	for what, ok := range map[string]bool{
		"pod: runAsNonRoot":               isTrue(pod.SecurityContext.RunAsNonRoot),
		"pod: runAsUser":                  pod.SecurityContext.RunAsUser != nil && *pod.SecurityContext.RunAsUser == 65532,
		"pod: seccomp":                    pod.SecurityContext.SeccompProfile != nil && pod.SecurityContext.SeccompProfile.Type == core.SeccompProfileTypeRuntimeDefault,
		"pod: no service account token":   isFalse(pod.AutomountServiceAccountToken),
		"pod: its service account":        pod.ServiceAccountName == o.account.Name,
		"account: no token":               isFalse(o.account.AutomountServiceAccountToken),
		"server: read-only root":          isTrue(server.SecurityContext.ReadOnlyRootFilesystem),
		"server: no privilege escalation": isFalse(server.SecurityContext.AllowPrivilegeEscalation),
		"server: drops ALL":               slices.Equal(server.SecurityContext.Capabilities.Drop, []core.Capability{"ALL"}),
		"server: adds none":               len(server.SecurityContext.Capabilities.Add) == 0,
		"server: has a memory limit":      !server.Resources.Limits.Memory().IsZero(),
		"server: asks for CPU":            !server.Resources.Requests.Cpu().IsZero(),
		"pod: shares nothing of the node": !pod.HostNetwork && !pod.HostPID && !pod.HostIPC,
		"namespace: restricted":           o.namespace.Labels["pod-security.kubernetes.io/enforce"] == "restricted",
	} {
		if !ok {
			t.Errorf("not so: %s", what)
		}
	}
	image, tag, _ := strings.Cut(server.Image, ":")
	if image != "ghcr.io/talkover/talkover-mcp" || tag == "" || tag == "latest" {
		t.Errorf("image is %q, want one version of ghcr.io/talkover/talkover-mcp", server.Image)
	}
}

func isTrue(b *bool) bool  { return b != nil && *b }
func isFalse(b *bool) bool { return b != nil && !*b }

func TestKubernetesSettings(t *testing.T) {
	o := build(t)
	server := o.server(t)
	env := maps.Clone(o.config.Data)
	for _, v := range server.Env {
		env[v.Name] = v.Value
	}
	if len(server.EnvFrom) != 1 || server.EnvFrom[0].ConfigMapRef == nil || server.EnvFrom[0].ConfigMapRef.Name != o.config.Name {
		t.Errorf("envFrom is %+v, want the ConfigMap %s", server.EnvFrom, o.config.Name)
	}
	wantSettings(t, env, map[string]string{
		"MCP_TRANSPORT":    "http",
		"MCP_AUTH":         "token",
		"MCP_ADDR":         "0.0.0.0:8080",
		"MCP_METRICS_ADDR": "0.0.0.0:9090",
	})
	if len(o.config.BinaryData) > 0 {
		t.Error("the ConfigMap has binary data")
	}
	for _, name := range []string{"TALKOVER_TOKEN_FILE", "MCP_AUTH_TOKENS_FILE"} {
		if !mountsSecret(o.deployment.Spec.Template.Spec, server, path.Dir(env[name])) {
			t.Errorf("%s is %q, where no secret is mounted", name, env[name])
		}
	}
}

// mountsSecret reports whether a secret is mounted at dir, read-only and closed to other users.
func mountsSecret(pod core.PodSpec, server core.Container, dir string) bool {
	return slices.ContainsFunc(server.VolumeMounts, func(m core.VolumeMount) bool {
		return m.MountPath == dir && m.ReadOnly && slices.ContainsFunc(pod.Volumes, func(v core.Volume) bool {
			return v.Name == m.Name && v.Secret != nil && v.Secret.SecretName == "talkover-mcp" &&
				v.Secret.DefaultMode != nil && *v.Secret.DefaultMode == 0o440
		})
	})
}

// One replica has the plan to itself. Three share it in Valkey, whose URL is a secret, and take their parts without it.
func TestKubernetesReplicasStayInsideThePlan(t *testing.T) {
	one, three := build(t), replicas(t)
	if n := *one.deployment.Spec.Replicas; n != 1 {
		t.Errorf("%d replicas without Valkey, want 1", n)
	}
	for _, name := range []string{"TALKOVER_RATE_LIMIT", "TALKOVER_REPLICAS", "TALKOVER_VALKEY_URL", "TALKOVER_VALKEY_URL_FILE"} {
		if value, ok := one.config.Data[name]; ok {
			t.Errorf("%s=%s for one replica", name, value)
		}
	}
	env, d := three.config.Data, three.deployment.Spec
	wantSettings(t, env, map[string]string{"TALKOVER_REPLICAS": strconv.Itoa(int(*d.Replicas)), "MCP_AUTH": "token"})
	if *d.Replicas != 3 {
		t.Errorf("%d replicas with Valkey, want 3", *d.Replicas)
	}
	if !mountsSecret(d.Template.Spec, three.server(t), path.Dir(env["TALKOVER_VALKEY_URL_FILE"])) {
		t.Errorf("TALKOVER_VALKEY_URL_FILE is %q, where no secret is mounted", env["TALKOVER_VALKEY_URL_FILE"])
	}
	if unavailable := three.budget.Spec.MaxUnavailable.IntValue(); unavailable != 1 {
		t.Errorf("%d replicas may be away, want 1", unavailable)
	}
	if update := d.Strategy.RollingUpdate; update.MaxUnavailable.IntValue() != 0 {
		t.Errorf("a roll-out takes %v replicas away", update.MaxUnavailable)
	}
	last := three.network.Spec.Egress[len(three.network.Spec.Egress)-1]
	if len(three.network.Spec.Egress) != len(one.network.Spec.Egress)+1 || last.Ports[0].Port.IntValue() != 6379 || len(last.To) != 1 ||
		last.To[0].PodSelector == nil || last.To[0].NamespaceSelector == nil {
		t.Errorf("the way to Valkey is %+v", last)
	}
}

func TestKubernetesProbes(t *testing.T) {
	server := build(t).server(t)
	for name, probe := range map[string]struct {
		probe *core.Probe
		path  string
	}{
		"startup":   {server.StartupProbe, "/healthz"},
		"liveness":  {server.LivenessProbe, "/healthz"},
		"readiness": {server.ReadinessProbe, "/readyz"},
	} {
		get := probe.probe.HTTPGet
		if get.Path != probe.path || get.Port.String() != "http" {
			t.Errorf("%s asks %s at port %s", name, get.Path, get.Port.String())
		}
		if !slices.Equal(get.HTTPHeaders, []core.HTTPHeader{{Name: "Host", Value: "localhost"}}) {
			t.Errorf("%s sends %+v; a request to the pod's IP is refused without Host: localhost", name, get.HTTPHeaders)
		}
	}
}

// drain is the longest time that the server takes to end, in seconds: 1 for open connections, 8 for calls in flight and 1 for
// streams.
const drain = 10

func TestKubernetesPodHasTimeToEnd(t *testing.T) {
	o := build(t)
	delay, err := time.ParseDuration(o.config.Data["MCP_DRAIN_DELAY"])
	if err != nil || delay < 2*time.Second {
		t.Fatalf("MCP_DRAIN_DELAY is %q, want what proxies need to notice", o.config.Data["MCP_DRAIN_DELAY"])
	}
	grace := time.Duration(*o.deployment.Spec.Template.Spec.TerminationGracePeriodSeconds) * time.Second
	if grace <= delay+drain*time.Second {
		t.Errorf("killed after %v, want more than %v of delay and %d s of draining", grace, delay, drain)
	}
}

func TestKubernetesNamesMeet(t *testing.T) {
	o := replicas(t)
	pod := o.deployment.Spec.Template
	selectors := map[string]map[string]string{
		"deployment": o.deployment.Spec.Selector.MatchLabels,
		"service":    o.service.Spec.Selector,
		"budget":     nil,
		"network":    o.network.Spec.PodSelector.MatchLabels,
	}
	if s := o.budget.Spec.Selector; s != nil {
		selectors["budget"] = s.MatchLabels
	}
	for i, spread := range pod.Spec.TopologySpreadConstraints {
		selectors["spread "+strconv.Itoa(i)] = spread.LabelSelector.MatchLabels
	}
	for who, selector := range selectors {
		if len(selector) == 0 {
			t.Errorf("%s selects nothing of its own", who)
		}
		for k, v := range selector {
			if pod.Labels[k] != v {
				t.Errorf("%s selects %s=%s, which the pods do not have", who, k, v)
			}
		}
	}
	ports := map[string]int32{}
	for _, p := range o.server(t).Ports {
		ports[p.Name] = p.ContainerPort
	}
	if want := map[string]int32{"http": 8080, "metrics": 9090}; !maps.Equal(ports, want) {
		t.Errorf("ports are %v, want %v", ports, want)
	}
	served := map[string]bool{}
	for _, p := range o.service.Spec.Ports {
		served[p.Name] = true
		if ports[p.TargetPort.String()] == 0 {
			t.Errorf("the service leads to port %s, which no container has", p.TargetPort.String())
		}
	}
	for _, p := range o.ingress.Spec.Rules[0].HTTP.Paths {
		to := p.Backend.Service
		if to.Name != o.service.Name || to.Port.Name != "http" || !served["http"] {
			t.Errorf("%s leads to %s:%s", p.Path, to.Name, to.Port.Name)
		}
	}
}

func TestKubernetesIngress(t *testing.T) {
	o := build(t)
	in, host := o.ingress.Spec, o.config.Data["MCP_ALLOWED_HOSTS"]
	if len(in.Rules) != 1 || in.Rules[0].Host != host {
		t.Errorf("rules are %+v, want one, for %s", in.Rules, host)
	}
	if len(in.TLS) != 1 || !slices.Equal(in.TLS[0].Hosts, []string{host}) || in.TLS[0].SecretName == "" {
		t.Errorf("TLS is %+v, want a certificate for %s", in.TLS, host)
	}
	open := map[string]networking.PathType{}
	for _, p := range in.Rules[0].HTTP.Paths {
		open[p.Path] = *p.PathType
	}
	want := map[string]networking.PathType{
		"/mcp": networking.PathTypeExact, "/mcp/": networking.PathTypeExact, "/register": networking.PathTypeExact,
		"/.well-known/oauth-protected-resource": networking.PathTypePrefix,
	}
	if !maps.Equal(open, want) {
		t.Errorf("open to the world: %v, want %v", open, want)
	}
}

func TestKubernetesNetwork(t *testing.T) {
	rules := build(t).network.Spec
	if !slices.Equal(rules.PolicyTypes, []networking.PolicyType{networking.PolicyTypeIngress, networking.PolicyTypeEgress}) {
		t.Errorf("policy types are %v", rules.PolicyTypes)
	}
	in := map[string]string{}
	for _, rule := range rules.Ingress {
		for _, from := range rule.From {
			in[from.NamespaceSelector.MatchLabels["kubernetes.io/metadata.name"]] += ports(rule.Ports)
		}
	}
	if want := map[string]string{"traefik": " http/TCP", "monitoring": " metrics/TCP"}; !maps.Equal(in, want) {
		t.Errorf("let in: %v, want %v", in, want)
	}
	out := map[string]string{}
	for _, rule := range rules.Egress {
		for _, to := range rule.To {
			if to.IPBlock == nil {
				out[to.NamespaceSelector.MatchLabels["kubernetes.io/metadata.name"]] += ports(rule.Ports)
				continue
			}
			out[to.IPBlock.CIDR] += ports(rule.Ports)
			if to.IPBlock.CIDR == "0.0.0.0/0" && !slices.Contains(to.IPBlock.Except, "169.254.0.0/16") {
				t.Error("the metadata service of the cloud can be reached")
			}
		}
	}
	if want := map[string]string{"kube-system": " 53/UDP 53/TCP", "0.0.0.0/0": " 443/TCP", "::/0": " 443/TCP"}; !maps.Equal(out, want) {
		t.Errorf("let out: %v, want %v", out, want)
	}
}

// ports returns ports in the form " 443/TCP". A rule without ports means all of them.
func ports(all []networking.NetworkPolicyPort) string {
	if len(all) == 0 {
		return " all"
	}
	var s strings.Builder
	for _, p := range all {
		s.WriteString(" " + p.Port.String() + "/" + string(*p.Protocol))
	}
	return s.String()
}
