//go:build race

package main

// underRace says that the race detector, with which everything takes several times as long, is on.
const underRace = true
