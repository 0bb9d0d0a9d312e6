package main

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"regexp"
	"slices"

	"github.com/santhosh-tekuri/jsonschema/v6"
)

const (
	registryName   = "io.github.talkover/talkover-mcp" // the image's label says it too
	registrySchema = "https://static.modelcontextprotocol.io/schemas/2025-12-11/server.schema.json"
	sources        = "https://raw.githubusercontent.com/talkover/talkover-mcp"
	image          = "ghcr.io/talkover/talkover-mcp"
)

// entry holds a server.json of the MCP registry.
type entry struct {
	Schema      string          `json:"$schema"`
	Name        string          `json:"name"`
	Title       string          `json:"title"`
	Description string          `json:"description"`
	Version     string          `json:"version"`
	WebsiteURL  string          `json:"websiteUrl"`
	Repository  entryRepository `json:"repository"`
	Icons       []icon          `json:"icons"`
	Packages    []pkg           `json:"packages"`
}

type entryRepository struct {
	URL    string `json:"url"`
	Source string `json:"source"`
}

type icon struct {
	Src      string   `json:"src"`
	MimeType string   `json:"mimeType"`
	Sizes    []string `json:"sizes"`
}

// pkg describes one way to get the server. The registry refuses a version beside an image, so Version stays empty there.
type pkg struct {
	RegistryType string     `json:"registryType"`
	Identifier   string     `json:"identifier"`
	Version      string     `json:"version,omitempty"`
	FileSHA256   string     `json:"fileSha256,omitempty"`
	RuntimeHint  string     `json:"runtimeHint,omitempty"`
	Transport    transport  `json:"transport"`
	Environment  []variable `json:"environmentVariables"`
}

type transport struct {
	Type string `json:"type"`
}

// variable describes an environment variable. It has a fixed Value, or the host asks the user for one.
type variable struct {
	Name        string `json:"name"`
	Description string `json:"description,omitempty"`
	Format      string `json:"format,omitempty"`
	Value       string `json:"value,omitempty"`
	Default     string `json:"default,omitempty"`
	IsRequired  bool   `json:"isRequired,omitempty"`
	IsSecret    bool   `json:"isSecret,omitempty"`
}

// imageForm matches our image with a tag, a digest or both. checkImage refuses other tags than that of the version, which
// could come to mean another image.
var imageForm = regexp.MustCompile(`^` + regexp.QuoteMeta(image) + `(?::([A-Za-z0-9_][A-Za-z0-9._-]{0,127}))?(@sha256:[0-9a-f]{64})?$`)

// checkImage returns an error unless ref is the image of the version.
func checkImage(ref, version string) error {
	parts := imageForm.FindStringSubmatch(ref)
	if parts == nil || parts[1] == "" && parts[2] == "" || parts[1] != "" && parts[1] != version {
		return fmt.Errorf("-image: takes %s:%s, or the same by its digest (%s@sha256:...), not %q", image, version, image, ref)
	}
	return nil
}

// newEntry describes a release. The words and settings come from the template of the bundles.
func newEntry(root, bundles fs.FS, version, ref string) (entry, error) {
	m, err := readTemplate(root)
	if err != nil {
		return entry{}, err
	}
	env, err := m.variables()
	if err != nil {
		return entry{}, err
	}
	e := entry{
		Schema: registrySchema, Name: registryName, Title: m.DisplayName, Description: m.Description, Version: version,
		WebsiteURL: m.Homepage,
		Repository: entryRepository{m.Repository.URL, "github"},
		Icons:      []icon{{sources + "/v" + version + "/deploy/bundle/" + m.Icon, "image/png", []string{"512x512"}}},
	}
	var missing []error
	for _, t := range targets(version) {
		sum, err := hash(bundles, t.name()+".mcpb")
		missing = append(missing, err)
		e.Packages = append(e.Packages, pkg{
			RegistryType: "mcpb", Identifier: m.Repository.URL + "/releases/download/v" + version + "/" + t.name() + ".mcpb",
			Version: version, FileSHA256: sum, Transport: transport{"stdio"}, Environment: env,
		})
	}
	if err := errors.Join(missing...); err != nil {
		return entry{}, err
	}
	e.Packages = append(e.Packages, pkg{
		RegistryType: "oci", Identifier: ref, RuntimeHint: "docker", Transport: transport{"stdio"}, Environment: env,
	})
	return e, nil
}

// hash returns the SHA-256 of a file, in hex.
func hash(folder fs.FS, name string) (string, error) {
	f, err := folder.Open(name)
	if err != nil {
		return "", fmt.Errorf("-bundles: takes a folder with the six bundles of -version: %w", err)
	}
	defer f.Close()
	h := sha256.New()
	if _, err := io.Copy(h, f); err != nil {
		return "", err
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}

// variables returns the environment of the manifest in the registry's form.
func (m manifest) variables() ([]variable, error) {
	options, err := m.options()
	if err != nil {
		return nil, err
	}
	var all []variable
	for _, name := range slices.Sorted(maps.Keys(m.Server.Config.Env)) {
		value := m.Server.Config.Env[name]
		key, asked := optionOf(value)
		if !asked {
			if value != "" { // the host would ask the user for an empty one
				all = append(all, variable{Name: name, Value: value})
			}
			continue
		}
		o, ok := options[key]
		if !ok {
			return nil, fmt.Errorf("%s: %s is of the setting %q, which user_config does not have", templatePath, name, key)
		}
		all = append(all, variable{
			Name: name, Description: o.Description, Format: variableFormat(o.Type),
			Default: fmt.Sprint(o.Default), IsRequired: o.Required, IsSecret: o.Sensitive,
		})
	}
	return all, nil
}

// variableFormat returns the registry's format for a type of a manifest's setting. The registry knows paths, but no folders.
func variableFormat(option string) string {
	if option == "directory" {
		return "filepath"
	}
	return option
}

// validate checks JSON against a schema in a file, formats included.
func validate(schema string, b []byte) error {
	c := jsonschema.NewCompiler()
	c.AssertFormat()
	s, err := c.Compile(schema)
	if err != nil {
		return fmt.Errorf("-schema: takes the path of a JSON schema: %w", err)
	}
	v, err := jsonschema.UnmarshalJSON(bytes.NewReader(b))
	if err != nil {
		return err
	}
	if err := s.Validate(v); err != nil {
		return fmt.Errorf("the entry does not fit the schema: %w", err)
	}
	return nil
}
