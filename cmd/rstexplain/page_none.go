//go:build !page

package main

// embeddedPage is empty: the page is built for releases, and never committed.
var embeddedPage []byte
