package auth

import (
	"fmt"
	"testing"
	"time"
)

func TestAnswerCacheIsBounded(t *testing.T) {
	now := time.Now()
	c := newAnswerCache(time.Minute, func() time.Time { return now })
	for i := range maxAnswers + 10 {
		c.put(fmt.Append(nil, i), &verdict{})
	}
	if len(c.answers) > maxAnswers {
		t.Errorf("got %d answers, over %d", len(c.answers), maxAnswers)
	}
	now = now.Add(time.Minute)
	c.put([]byte("x"), &verdict{})
	if len(c.answers) != 1 {
		t.Errorf("got %d answers when all but one have run out", len(c.answers))
	}
	c = newAnswerCache(0, time.Now)
	c.put([]byte("x"), &verdict{})
	if _, ok := c.get([]byte("x")); ok || len(c.answers) != 0 {
		t.Errorf("got %d answers where none is to be kept", len(c.answers))
	}
}

// TestAnswerCacheMakesRoom: a known question needs none.
func TestAnswerCacheMakesRoom(t *testing.T) {
	c := newAnswerCache(time.Minute, time.Now)
	for i := range maxAnswers {
		c.put(fmt.Append(nil, i), &verdict{})
	}
	c.put([]byte("0"), &verdict{})
	for i := range maxAnswers {
		if _, ok := c.get(fmt.Append(nil, i)); !ok {
			t.Fatalf("answer %d is gone", i)
		}
	}
}

// TestAnswerCacheHidesQuestions: nobody can try passcodes on what it keeps.
func TestAnswerCacheHidesQuestions(t *testing.T) {
	one, two := newAnswerCache(time.Minute, time.Now), newAnswerCache(time.Minute, time.Now)
	if one.hash([]byte("x")) == two.hash([]byte("x")) {
		t.Error("the hash has no key of its own")
	}
}
