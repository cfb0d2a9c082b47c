package capture

import "sync"

// A Batch is a run of packets that follow each other in the file, with the buffer that holds their
// bytes. A Batch may be moved by value and released by another goroutine than the one that fills it with
// [Reader.Next], as long as it is released once.
type Batch struct {
	Packets []Packet // in file order; valid until Release and the Reader's next Next
	chunk   *chunk
}

// Release gives the batch's buffer back to its Reader. The Data of the packets must not be used
// after it. Releasing an empty or released batch does nothing; a batch never released is only garbage.
func (b *Batch) Release() {
	if b.chunk != nil {
		b.chunk.pool.put(b.chunk)
	}
	*b = Batch{}
}

// A chunk is a piece of the file's bytes.
type chunk struct {
	buf  []byte
	pool *pool
}

// A pool holds the chunks that are not in flight. It is a plain stack, and not a sync.Pool, so that the
// chunk used last, still in the processor's cache, is the one used next, and no collection empties it.
type pool struct {
	mu   sync.Mutex
	free []*chunk
	size int // bytes of a chunk
}

// get returns a chunk of at least n bytes. Only a block larger than the usual chunk makes a larger
// one, which is not kept.
func (p *pool) get(n int) *chunk {
	if n > p.size {
		return &chunk{buf: make([]byte, n), pool: p}
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if k := len(p.free); k > 0 {
		c := p.free[k-1]
		p.free = p.free[:k-1]
		return c
	}
	return &chunk{buf: make([]byte, p.size), pool: p}
}

func (p *pool) put(c *chunk) {
	if len(c.buf) != p.size {
		return
	}
	p.mu.Lock()
	p.free = append(p.free, c)
	p.mu.Unlock()
}
