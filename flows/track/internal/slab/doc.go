// Package slab holds many values of one kind without work for the garbage collector: Slab by number, Queue in order.
package slab
