package tools

import (
	_ "embed"
	"encoding/base64"

	"github.com/mark3labs/mcp-go/mcp"
)

// website is the page of this server.
const website = "https://github.com/talkover/talkover-mcp"

// icon is that of deploy/bundle at 64 pixels, in seven colors: PNG, which every host must
// take that shows icons.
//
//go:embed icon.png
var icon []byte

// introduce returns what the server says of itself in its answer to a greeting. The icon
// stands there alone: from 2026-07-28 on mcp-go writes what it knows of a server into every
// answer.
func (c Config) introduce() mcp.Implementation {
	name, title := c.named()
	return mcp.Implementation{
		Name: name, Title: title, Version: c.Version, WebsiteURL: website,
		Icons: []mcp.Icon{{
			Src: "data:image/png;base64," + base64.StdEncoding.EncodeToString(icon), MIMEType: "image/png",
			Sizes: []string{"64x64"},
		}},
	}
}

// named returns the name and the title of the server.
func (c Config) named() (name, title string) {
	if c.Demo {
		return "talkover-demo", "Talkover call log (demo)"
	}
	return "talkover", "Talkover call log"
}
