package slab

// A Queue is a first-in first-out queue of numbers.
type Queue struct {
	ring []uint64
	head int
	N    int
}

func (q *Queue) Push(v uint64) {
	if q.N == len(q.ring) {
		ring := make([]uint64, max(2*len(q.ring), 256))
		for i := range q.N {
			ring[i] = q.Peek(i)
		}
		q.ring, q.head = ring, 0
	}
	q.ring[(q.head+q.N)&(len(q.ring)-1)] = v
	q.N++
}

// Peek returns what k calls of pop will bring before the next.
func (q *Queue) Peek(k int) uint64 { return q.ring[(q.head+k)&(len(q.ring)-1)] }

func (q *Queue) Pop() uint64 {
	v := q.ring[q.head]
	q.head = (q.head + 1) & (len(q.ring) - 1)
	q.N--
	return v
}

func (q *Queue) Memory() int64 { return int64(len(q.ring)) * 8 }
