// Package syncache holds connections of which there is no more than one SYN, as a BSD does in its SYN cache.
package syncache
