package sockjs

// queue holds messages that wait for a poll, in order.
type queue struct {
	bytes []byte // the messages, one behind the other
	ends  []int  // where each whole one ends; behind the last is one in part
}

// size gives the bytes that wait.
func (q *queue) size() int { return len(q.bytes) }

// whole gives the number of bytes in whole messages.
func (q *queue) whole() int {
	if len(q.ends) == 0 {
		return 0
	}
	return q.ends[len(q.ends)-1]
}

// open gives the size of the message in part.
func (q *queue) open() int { return len(q.bytes) - q.whole() }

// add appends a message, or a part of one.
func (q *queue) add(p []byte, part bool) {
	q.bytes = append(q.bytes, p...)
	if !part {
		q.ends = append(q.ends, len(q.bytes))
	}
}

// take gives the whole messages away; the message in part stays.
func (q *queue) take() queue {
	n := q.whole()
	taken := queue{bytes: q.bytes[:n:n], ends: q.ends}
	rest := q.bytes[n:]
	*q = queue{}
	if len(rest) > 0 {
		q.bytes = append(q.bytes, rest...)
	}
	return taken
}

// dropOpen forgets the message in part.
func (q *queue) dropOpen() { q.bytes = q.bytes[:q.whole()] }
