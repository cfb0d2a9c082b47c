// Package prefetch asks for memory before it is needed, so that the processor does not wait for it. Go has no such
// instruction of its own, and an ordinary load will not do: the processor cannot go on for long before it has arrived.
// On other processors than amd64, and with the build tag plain, the functions do nothing.
package prefetch
