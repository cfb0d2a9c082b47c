package assistant

import (
	"context"
	"crypto/rand"
	"strings"

	"github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/rstexplain/rstexplain/analyzer/report"
	"github.com/rstexplain/rstexplain/analyzer/rewrite"
	"github.com/rstexplain/rstexplain/rules"
)

// The addresses of resources.
const (
	causesURI = "rstexplain://causes"
	rulesURI  = "rstexplain://causes/"
)

// addResources registers the documentation: docs/causes.md, and the part of each detail.
func (s *server) addResources(to *mcp.Server) {
	to.AddResource(&mcp.Resource{URI: causesURI, Name: "causes.md", Title: "Causes of TCP resets",
		MIMEType: "text/markdown",
		Description: "All causes and details, with how each is recognised and what to do. It is long: " +
			"rstexplain://causes/ID is one detail."},
		func(_ context.Context, req *mcp.ReadResourceRequest) (*mcp.ReadResourceResult, error) {
			var b strings.Builder
			if err := report.CausesPage(&b, rules.All(), func(string) *report.Reset { return nil }); err != nil {
				return nil, err
			}
			return contents(req.Params.URI, "text/markdown", b.String()), nil
		})
	to.AddResourceTemplate(&mcp.ResourceTemplate{URITemplate: rulesURI + "{id}", Name: "detail", Title: "One cause of " +
		"TCP resets", MIMEType: "text/plain",
		Description: "What rstexplain rules ID prints."},
		func(_ context.Context, req *mcp.ReadResourceRequest) (*mcp.ReadResourceResult, error) {
			text, err := documentation(strings.TrimPrefix(req.Params.URI, rulesURI))
			if err != nil {
				return nil, mcp.ResourceNotFoundError(req.Params.URI)
			}
			return contents(req.Params.URI, "text/plain", text), nil
		})
}

func contents(uri, kind, text string) *mcp.ReadResourceResult {
	return &mcp.ReadResourceResult{Contents: []*mcp.ResourceContents{{URI: uri, MIMEType: kind, Text: text}}}
}

// newKey returns the key of one anonymized slice, which is not kept: the addresses cannot be mapped back.
func newKey() []byte {
	key := make([]byte, rewrite.KeySize)
	rand.Read(key)
	return key
}
