package rewrite

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/netip"
)

// A CryptoPAn maps IP addresses to others so that two addresses share as many leading bits after as
// before: subnets stay subnets, and nobody without the key finds the way back. It is the scheme of
// Xu, Fan, Ammar and Moon, "Prefix-Preserving IP Address Anonymization" (ICNP 2002), with AES as its
// pseudorandom function. It is not safe for use by several goroutines.
type CryptoPAn struct {
	block cipher.Block
	pad   [aes.BlockSize]byte
	known map[netip.Addr]netip.Addr // bounded by maxKnown; an entry only saves work
	print string
}

// KeySize is the length of a CryptoPAn key in bytes: half of it keys AES, half of it makes the pad.
const KeySize = 32

// maxKnown bounds the addresses that a CryptoPAn remembers.
const maxKnown = 1 << 16

// NewCryptoPAn returns the mapping of a key of KeySize bytes; the error is that of another length.
func NewCryptoPAn(key []byte) (*CryptoPAn, error) {
	if len(key) != KeySize {
		return nil, fmt.Errorf("an anonymization key has %d bytes, not %d", KeySize, len(key))
	}
	block, err := aes.NewCipher(key[:16])
	if err != nil {
		return nil, err
	}
	c := &CryptoPAn{block: block, known: map[netip.Addr]netip.Addr{}}
	block.Encrypt(c.pad[:], key[16:])
	digest := sha256.Sum256(append([]byte("rstexplain anonymization key\n"), key...))
	c.print = hex.EncodeToString(digest[:8])
	return c, nil
}

// Fingerprint identifies the key without revealing it.
func (c *CryptoPAn) Fingerprint() string { return c.print }

// Map returns what a becomes. IPv4 and IPv6 stay what they are.
func (c *CryptoPAn) Map(a netip.Addr) netip.Addr {
	if to, ok := c.known[a]; ok {
		return to
	}
	addr := a.AsSlice()
	c.mapBits(addr)
	to, _ := netip.AddrFromSlice(addr)
	if len(c.known) == maxKnown {
		clear(c.known)
	}
	c.known[a] = to
	return to
}

// mapOctets maps an address in place. Each bit is flipped or not by a pseudorandom function of the bits
// before it, which is what keeps shared prefixes shared.
func (c *CryptoPAn) mapBits(addr []byte) {
	var in, out [aes.BlockSize]byte
	var flip [16]byte
	for bit := range len(addr) * 8 {
		in = c.pad
		whole, rest := bit/8, bit%8
		copy(in[:whole], addr[:whole])
		mask := byte(0xff) << (8 - rest)
		in[whole] = addr[whole]&mask | c.pad[whole]&^mask
		c.block.Encrypt(out[:], in[:])
		flip[whole] |= out[0] >> 7 << (7 - rest)
	}
	for i := range addr {
		addr[i] ^= flip[i]
	}
}
