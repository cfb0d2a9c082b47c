package track

// A queue is a first-in first-out queue of numbers.
type queue struct {
	ring []uint64
	head int
	n    int
}

func (q *queue) push(v uint64) {
	if q.n == len(q.ring) {
		ring := make([]uint64, max(2*len(q.ring), 256))
		for i := range q.n {
			ring[i] = q.peek(i)
		}
		q.ring, q.head = ring, 0
	}
	q.ring[(q.head+q.n)&(len(q.ring)-1)] = v
	q.n++
}

// peek returns what k calls of pop will bring before the next.
func (q *queue) peek(k int) uint64 { return q.ring[(q.head+k)&(len(q.ring)-1)] }

func (q *queue) pop() uint64 {
	v := q.ring[q.head]
	q.head = (q.head + 1) & (len(q.ring) - 1)
	q.n--
	return v
}

func (q *queue) memory() int64 { return int64(len(q.ring)) * 8 }
