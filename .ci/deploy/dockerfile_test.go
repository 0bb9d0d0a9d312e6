package deploy_test

import (
	"bytes"
	"slices"
	"testing"

	"github.com/moby/buildkit/frontend/dockerfile/instructions"
	"github.com/moby/buildkit/frontend/dockerfile/parser"
)

// stages returns the two stages of the Dockerfile: the first builds the program, the second is the image.
func stages(t *testing.T) (build, image instructions.Stage) {
	t.Helper()
	file, err := parser.Parse(bytes.NewReader(read(t, deploy, "Dockerfile")))
	if err != nil {
		t.Fatal(err)
	}
	if len(file.Warnings) > 0 {
		t.Errorf("warnings: %+v", file.Warnings)
	}
	all, args, err := instructions.Parse(file.AST, nil)
	if err != nil {
		t.Fatal(err)
	}
	if len(all) != 2 || len(args) != 0 {
		t.Fatalf("%d stages and %d arguments before them, want 2 and 0", len(all), len(args))
	}
	return all[0], all[1]
}

// commands returns the commands of one type in a stage.
func commands[T instructions.Command](stage instructions.Stage) []T {
	var all []T
	for _, c := range stage.Commands {
		if c, ok := c.(T); ok {
			all = append(all, c)
		}
	}
	return all
}

// environment returns what the ENV lines of a stage set.
func environment(stage instructions.Stage) []string {
	var env []string
	for _, c := range commands[*instructions.EnvCommand](stage) {
		for _, pair := range c.Env {
			env = append(env, pair.String())
		}
	}
	return env
}

func TestDockerfilePinsItsBases(t *testing.T) {
	build, image := stages(t)
	for _, stage := range []instructions.Stage{build, image} {
		if !pinned.MatchString(stage.BaseName) {
			t.Errorf("FROM %s, want a version with its digest", stage.BaseName)
		}
	}
	if build.Platform != "$BUILDPLATFORM" {
		t.Errorf("it builds on %q, want the machine's own platform", build.Platform)
	}
}

func TestDockerfileImage(t *testing.T) {
	_, image := stages(t)
	if runs := commands[*instructions.RunCommand](image); len(runs) != 0 {
		t.Errorf("%d RUN lines in an image without a shell", len(runs))
	}
	users := commands[*instructions.UserCommand](image)
	if len(users) != 1 || users[0].User != "65532:65532" {
		t.Errorf("USER is %+v, want nonroot by its number", users)
	}
	entry := commands[*instructions.EntrypointCommand](image)
	if len(entry) != 1 || entry[0].PrependShell || !slices.Equal(entry[0].CmdLine, []string{"/talkover-mcp"}) {
		t.Errorf("ENTRYPOINT is %+v", entry)
	}
	if cmd := commands[*instructions.CmdCommand](image); len(cmd) != 0 {
		t.Errorf("CMD is %+v; the image takes the arguments of the program", cmd)
	}
	health := commands[*instructions.HealthCheckCommand](image)
	if len(health) != 1 || !slices.Equal(health[0].Health.Test, []string{"CMD", "/talkover-mcp", "healthcheck"}) {
		t.Errorf("HEALTHCHECK is %+v", health)
	}
	expose := commands[*instructions.ExposeCommand](image)
	if len(expose) != 1 || !slices.Equal(expose[0].Ports, []string{"8080", "9090"}) {
		t.Errorf("EXPOSE is %+v", expose)
	}
	if env, want := environment(image), []string{"MCP_ADDR=0.0.0.0:8080"}; !slices.Equal(env, want) {
		t.Errorf("ENV is %v, want %v", env, want)
	}
}

func TestDockerfileLabels(t *testing.T) {
	_, image := stages(t)
	labels := map[string]string{}
	for _, c := range commands[*instructions.LabelCommand](image) {
		for _, pair := range c.Labels {
			labels[pair.Key] = pair.Value
		}
	}
	for key, want := range map[string]string{
		`io.modelcontextprotocol.server.name`: `"io.github.talkover/talkover-mcp"`,
		`org.opencontainers.image.source`:     `"https://github.com/talkover/talkover-mcp"`,
		`org.opencontainers.image.licenses`:   `"MIT"`,
		`org.opencontainers.image.version`:    `"$VERSION"`,
	} {
		if labels[key] != want {
			t.Errorf("%s is %s, want %s", key, labels[key], want)
		}
	}
}
