package policy

import (
	"bytes"
	"sync"
	"sync/atomic"

	"github.com/stompgw/stompgw/auth"
	"github.com/stompgw/stompgw/frameinspect"
)

// Guard judges the frames of one session. Judge and Body are for one goroutine,
// Replace for one at a time, which may be another, Close for any.
type Guard struct {
	// set once
	engine  *Engine
	session string
	account *account
	revoked func(Verdict)

	view      atomic.Pointer[view]
	principal atomic.Pointer[auth.Identity]

	// owned by the judging goroutine
	memo   memo
	body   bodyCount
	meters map[string]*meters // of grants with rates, by their names

	mu            sync.Mutex // guards what follows
	subscriptions map[string]*subscription
	closed        bool
}

// memo is the decision on the last destination that was sent to.
type memo struct {
	view        *view
	destination []byte // as it came
	decision    decision
}

// maxMemo bounds what a session keeps of a destination, in bytes.
const maxMemo = 256

// Judge judges the head of a client's frame, any but CONNECT and STOMP. It
// allocates nothing for a SEND that is allowed and has no unusual headers.
func (g *Guard) Judge(h *frameinspect.Head) Verdict {
	switch h.Command {
	case frameinspect.CmdSend:
		return g.send(h)
	case frameinspect.CmdSubscribe:
		return g.subscribe(h)
	case frameinspect.CmdUnsubscribe:
		return g.unsubscribe(h)
	case frameinspect.CmdBegin, frameinspect.CmdCommit, frameinspect.CmdAbort:
		v := g.view.Load()
		return g.charge(v, nil, h)
	}
	// ACK, NACK and DISCONNECT answer what the broker sent, so no rate is theirs.
	return Verdict{Allow: true}
}

func (g *Guard) send(h *frameinspect.Head) Verdict {
	v := g.view.Load()
	g.body.view = nil // until the frame is allowed and has something to be measured by
	if code, message := escapesFromHeader(h, v.dialect); code != "" {
		return g.refuse(v, h, code, message, nil)
	}
	destination, plain := readHead(h)
	d := g.resolve(v, destination, h)
	if d.code != "" {
		return g.refuse(v, h, d.code, d.message, d.denial)
	}
	var tempReply string
	if !plain {
		tempReply = h.Text("reply-to")
		if !tempQueue(tempReply) {
			tempReply = ""
		}
	}
	grant, why := d.choose(h, plain, tempReply != "", v)
	if grant == nil {
		return g.refuse(v, h, CodeDenied, why, d.grants[0])
	}
	if tempReply != "" {
		if refusal := g.subscribeReply(v, h, tempReply); refusal != nil {
			return *refusal
		}
	}
	if v.limits == (limits{}) && grant.limits == (limits{}) && !g.engine.auditsAll {
		return Verdict{Allow: true, Rule: grant.name, Rewrite: v.rewrite} // charge would say the same, and copy it
	}
	return g.charge(v, grant, h)
}

// readHead gives the first destination as it came, and tells whether all headers
// are plain ones.
func readHead(h *frameinspect.Head) (destination []byte, plain bool) {
	plain = true
	for lines := headerLines(h); len(lines) > 0; {
		end := bytes.IndexByte(lines, '\n')
		line := lines[:end]
		lines = lines[end+1:]
		switch {
		case bytes.HasPrefix(line, []byte("destination:")):
			if destination == nil {
				destination = bytes.TrimSuffix(line[len("destination:"):], []byte("\r"))
			}
		case bytes.HasPrefix(line, []byte("content-")), bytes.HasPrefix(line, []byte("receipt:")): // most of the others
		case plain && !isPlain(nameOf(line)):
			plain = false
		}
	}
	return destination, plain
}

// resolve gives the decision on a destination to send to, most often the last
// one's.
func (g *Guard) resolve(v *view, destination []byte, h *frameinspect.Head) *decision {
	m := &g.memo
	if m.view == v && bytes.Equal(m.destination, destination) {
		return &m.decision
	}
	s := scratches.Get().(*scratch)
	v.decide(&m.decision, s.unescape(destination, h), true, s)
	scratches.Put(s)
	m.view = nil
	if len(destination) <= maxMemo {
		m.view, m.destination = v, append(m.destination[:0], destination...)
	}
	return &m.decision
}

// unescape undoes the escapes of a header's value.
func (s *scratch) unescape(value []byte, h *frameinspect.Head) []byte {
	if h.Version < frameinspect.V11 || bytes.IndexByte(value, '\\') < 0 {
		return value
	}
	s.unescaped = frameinspect.AppendUnescaped(s.unescaped[:0], value)
	return s.unescaped
}

// choose gives the first grant that takes the headers; nil, and what is wrong
// with them for the first of all, where none does.
func (d *decision) choose(h *frameinspect.Head, plain, ownReply bool, v *view) (*rule, string) {
	if plain && d.grants[0].headers.empty() {
		return d.grants[0], ""
	}
	var first string
	for _, grant := range d.grants {
		why := grant.headers.judge(headerLines(h), ownReply, v.dialect)
		if why == "" {
			return grant, ""
		}
		if first == "" {
			first = why
		}
	}
	return nil, first
}

// refuse gives the verdict on a frame that does not pass. It was read and judged as
// any, so it counts against the rates of the principal, and of a grant that decided.
func (g *Guard) refuse(v *view, h *frameinspect.Head, code frameinspect.Code, message string, decided *rule) Verdict {
	wait, over := g.measure(v, decided, 1, len(h.Raw())+int(min(max(h.ContentLength, 0), maxAnnounced)))
	if !v.policy.keep {
		return g.deny(v, h, code, message, decided) // the session ends, and need not wait for that
	}
	if over {
		return g.rateLimited(v, h, decided)
	}
	verdict := g.deny(v, h, code, message, decided)
	verdict.Wait = wait
	return verdict
}

// maxAnnounced bounds what a body that is dropped counts for, in bytes: no rate
// remembers more.
const maxAnnounced = 1 << 30

// deny gives the verdict on a frame that is charged for, and puts it in the audit
// log.
func (g *Guard) deny(v *view, h *frameinspect.Head, code frameinspect.Code, message string, decided *rule) Verdict {
	verdict := Verdict{Keep: v.policy.keep, Code: code, Message: message}
	if decided != nil {
		verdict.Rule = decided.name
	}
	g.audit(h.Command, h.Text("destination"), verdict)
	return verdict
}

// Replace takes over a renewed identity of the same principal, whose claims may
// have changed. The error is *[Refused] where the principal is another or a live
// subscription is no longer allowed; the session must end then. Other errors are
// about the identity's own grants.
func (g *Guard) Replace(id *auth.Identity) error {
	old := g.principal.Load()
	if old.Name != id.Name {
		return &Refused{CodeDenied, "the new identity is another principal's"}
	}
	g.principal.Store(id)
	verdict, err := g.rebind()
	if err != nil {
		return err
	}
	if verdict != nil {
		return &Refused{verdict.Code, verdict.Message}
	}
	return nil
}

// Close gives back what the session holds of its principal's limits. The revoked
// function may be running still. Closing twice is fine.
func (g *Guard) Close() {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.closed {
		return
	}
	g.closed = true
	g.account.subscriptions.Add(-int64(len(g.subscriptions)))
	g.subscriptions = nil
	g.engine.leave(g)
}
