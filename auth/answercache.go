package auth

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"sync"
	"time"
)

// maxAnswers is how many answers are kept.
const maxAnswers = 10_000

// answerCache keeps answers of the webhook for a short time. It knows questions by
// a keyed hash, so that no passcode or cookie lingers as a key.
type answerCache struct {
	keep time.Duration // 0 keeps nothing
	key  [sha256.Size]byte
	now  func() time.Time

	mu      sync.Mutex
	answers map[[sha256.Size]byte]keptAnswer
}

type keptAnswer struct {
	verdict *verdict
	until   time.Time
}

func newAnswerCache(keep time.Duration, now func() time.Time) *answerCache {
	c := &answerCache{keep: keep, now: now, answers: map[[sha256.Size]byte]keptAnswer{}}
	_, _ = rand.Read(c.key[:]) // never fails
	return c
}

func (c *answerCache) get(question []byte) (*verdict, bool) {
	h := c.hash(question)
	c.mu.Lock()
	defer c.mu.Unlock()
	kept, ok := c.answers[h]
	return kept.verdict, ok && c.now().Before(kept.until)
}

func (c *answerCache) put(question []byte, v *verdict) {
	if c.keep == 0 {
		return
	}
	h, now := c.hash(question), c.now()
	c.mu.Lock()
	defer c.mu.Unlock()
	if _, known := c.answers[h]; !known && len(c.answers) >= maxAnswers {
		c.makeRoom(now)
	}
	c.answers[h] = keptAnswer{verdict: v, until: now.Add(c.keep)}
}

// makeRoom removes what has run out, or any one where nothing has.
func (c *answerCache) makeRoom(now time.Time) {
	for h, kept := range c.answers {
		if !now.Before(kept.until) {
			delete(c.answers, h)
		}
	}
	for h := range c.answers {
		if len(c.answers) < maxAnswers {
			return
		}
		delete(c.answers, h)
	}
}

func (c *answerCache) hash(question []byte) (h [sha256.Size]byte) {
	m := hmac.New(sha256.New, c.key[:])
	m.Write(question)
	m.Sum(h[:0])
	return h
}
