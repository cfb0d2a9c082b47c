//go:build page

package main

import _ "embed"

// embeddedPage is what "make page" has built.
//
//go:embed page/index.html
var embeddedPage []byte
