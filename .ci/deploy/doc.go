// Package deploy checks the files of the folder deploy with the programs that read them: Kubernetes' types, Compose's loader,
// BuildKit's and Caddy's parsers, and the settings of the product. It needs no container engine. It has a module of its own,
// so that its dependencies are not the product's.
package deploy
