// Package rewrite makes new captures of old ones: with the explanation written into them, or cut down to
// what an explanation needs and what may be shown to others.
package rewrite
