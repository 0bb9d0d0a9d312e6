// Package check holds the files of deploy/ against what reads them: Kubernetes'
// own types, Compose's loader, BuildKit's and Caddy's parsers, and the settings
// of the product. It needs no container engine. It is a module of its own, so
// that the product's stays small.
package check
