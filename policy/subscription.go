package policy

import (
	"strings"

	"github.com/stompgw/stompgw/broker"
	"github.com/stompgw/stompgw/frameinspect"
)

// subscription is a live one, with what is needed to judge it again.
type subscription struct {
	grant       *rule
	destination string // its escapes undone
	headers     []byte // lines without values
}

// What a session keeps of its subscriptions is bounded.
const (
	maxSubscriptions    = 1000 // where no limit says otherwise
	maxSubscriptionHead = 2048 // id, destination and the names of headers, in bytes
)

func (g *Guard) subscribe(h *frameinspect.Head) Verdict {
	g.mu.Lock() // a reload must not come between judging and noting
	defer g.mu.Unlock()
	v := g.view.Load()
	sub := &subscription{destination: h.Text("destination")}
	for name := range h.All() {
		sub.headers = append(append(sub.headers, name...), ':', '\n')
	}
	key := subscriptionKey(h, sub.destination)
	if oddID(h) {
		return g.refuse(v, h, CodeDenied, "the subscription's id begins or ends with white space", nil)
	}
	if v.dialect == broker.HornetQ && queueID(h) {
		return g.refuse(v, h, CodeDenied, "the subscription's id may be the name of a queue", nil)
	}
	if len(key)+len(sub.destination)+len(sub.headers) > maxSubscriptionHead {
		return g.refuse(v, h, CodeDenied, "the subscription's id, destination and header names are too long", nil)
	}
	if code, message, decided := v.judgeSubscription(sub); code != "" {
		return g.refuse(v, h, code, message, decided)
	}
	if refusal := g.note(v, h, key, sub); refusal != nil {
		return *refusal
	}
	return g.charge(v, sub.grant, h) // which ends the session where it says no
}

// subscriptionKey is what an UNSUBSCRIBE names a subscription by: its id or, in
// STOMP 1.0, its destination.
func subscriptionKey(h *frameinspect.Head, destination string) string {
	if _, ok := h.Get("id"); ok {
		return "id:" + h.Text("id")
	}
	return "destination:" + destination
}

// oddID tells whether an id has a blank at its edge, which ActiveMQ trims in STOMP
// 1.0, so that what are two ids here may be one there.
func oddID(h *frameinspect.Head) bool {
	id, _ := h.Get("id")
	return len(id) > 0 && (id[0] <= ' ' || id[len(id)-1] <= ' ')
}

// queueID tells whether an id may be the name of a queue, as of jms.queue.x.
// HornetQ removes the queue that is called like the subscription which ends.
func queueID(h *frameinspect.Head) bool {
	return strings.ContainsAny(h.Text("id"), "./")
}

// judgeSubscription decides on a subscription and notes the grant; the code is
// "" where it is allowed.
func (v *view) judgeSubscription(sub *subscription) (code frameinspect.Code, message string, decided *rule) {
	s := scratches.Get().(*scratch)
	defer scratches.Put(s)
	var d decision
	v.decide(&d, []byte(sub.destination), false, s)
	if d.code != "" {
		return d.code, d.message, d.denial
	}
	for _, grant := range d.grants {
		why := grant.headers.judge(sub.headers, false, v.dialect)
		if why == "" {
			sub.grant = grant
			return "", "", grant
		}
		if message == "" {
			message, decided = why, grant
		}
	}
	return CodeDenied, message, decided
}

// note counts a subscription and remembers it. g.mu is held.
func (g *Guard) note(v *view, h *frameinspect.Head, key string, sub *subscription) *Verdict {
	refuse := func(code frameinspect.Code, message string) *Verdict {
		verdict := g.refuse(v, h, code, message, sub.grant)
		return &verdict
	}
	if _, ok := g.subscriptions[key]; ok {
		// ActiveMQ would make a consumer more, whatever the destination, and an
		// UNSUBSCRIBE end but one of them.
		return refuse(CodeDuplicateSubscription, "the session has this subscription already")
	}
	if most := sub.grant.limits.subscriptions; most > 0 && g.countOf(sub.grant) >= most {
		return refuse(CodeTooManySubscriptions, "the session has as many subscriptions as it may")
	}
	if v.limits.subscriptions == 0 && len(g.subscriptions) >= maxSubscriptions {
		return refuse(CodeTooManySubscriptions, "the session has as many subscriptions as it may")
	}
	if most := v.limits.subscriptions; g.account.subscriptions.Add(1) > int64(most) && most > 0 {
		g.account.subscriptions.Add(-1)
		return refuse(CodeTooManySubscriptions, "the principal has as many subscriptions as it may")
	}
	if g.closed {
		g.account.subscriptions.Add(-1)
		return nil
	}
	if g.subscriptions == nil {
		g.subscriptions = map[string]*subscription{}
	}
	g.subscriptions[key] = sub
	return nil
}

func (g *Guard) countOf(grant *rule) int {
	n := 0
	for _, sub := range g.subscriptions {
		if sub.grant.name == grant.name {
			n++
		}
	}
	return n
}

// subscribeReply judges and notes the subscription that the broker makes for a
// SEND whose reply-to is a private queue; nil where it may.
func (g *Guard) subscribeReply(v *view, h *frameinspect.Head, replyTo string) *Verdict {
	g.mu.Lock()
	defer g.mu.Unlock()
	key := "reply-to:" + replyTo
	if old, ok := g.subscriptions[key]; ok && old.destination == replyTo {
		return nil
	}
	sub := &subscription{destination: replyTo}
	if len(replyTo) > maxDestination {
		sub.destination = replyTo[:maxDestination+1] // refused below for its length
	}
	if code, _, decided := v.judgeSubscription(sub); code != "" {
		verdict := g.refuse(v, h, code, noReply, decided)
		return &verdict
	}
	return g.note(v, h, key, sub)
}

func (g *Guard) unsubscribe(h *frameinspect.Head) Verdict {
	g.mu.Lock()
	defer g.mu.Unlock()
	v := g.view.Load()
	key := subscriptionKey(h, h.Text("destination"))
	sub, ok := g.subscriptions[key]
	if !ok {
		return g.refuse(v, h, CodeUnknownSubscription, "the session has no such subscription", nil)
	}
	rules := headerRules{allow: sub.grant.headers.allow}
	if why := rules.judge(headerLines(h), false, v.dialect); why != "" {
		return g.refuse(v, h, CodeDenied, why, sub.grant)
	}
	verdict := g.charge(v, nil, h)
	if verdict.Allow {
		delete(g.subscriptions, key)
		g.account.subscriptions.Add(-1)
	}
	return verdict
}

// rebind makes the session's view anew, after a reload or a renewal, and judges
// what is live again. The verdict says what is no longer allowed, nil for nothing.
func (g *Guard) rebind() (*Verdict, error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.closed {
		return nil, nil
	}
	v, err := newView(g.engine.policy.Load(), g.principal.Load(), g.view.Load().dialect)
	if err != nil {
		return nil, err
	}
	g.view.Store(v)
	if !v.grantsAnything() {
		return g.revoke("", "nothing is allowed any more", nil), nil
	}
	for _, sub := range g.subscriptions {
		if code, _, decided := v.judgeSubscription(sub); code != "" {
			return g.revoke(sub.destination, "a subscription of the session is no longer allowed", decided), nil
		}
	}
	return nil, nil
}

// revoke gives the verdict on a session that lost a right. It always ends.
func (g *Guard) revoke(destination, message string, decided *rule) *Verdict {
	verdict := Verdict{Code: CodeDenied, Message: message}
	if decided != nil {
		verdict.Rule = decided.name
	}
	g.auditAction("REVOKE", destination, verdict)
	return &verdict
}

const noReply = "the reply-to is no destination that may be subscribed to"
