// Package tuple names connections: a Tuple is the two ends in canonical order with their hash, Addresses give IPv6
// addresses numbers of 32 bits, and an Index finds what is kept of a connection.
package tuple
