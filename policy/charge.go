package policy

import (
	"time"

	"github.com/stompgw/stompgw/frameinspect"
)

// bodyCount is what Body measures a frame's body by.
type bodyCount struct {
	view  *view // nil where nothing is measured
	grant *rule
	most  int64 // bytes; 0 is no limit
	taken int64
}

const (
	tooFast = "more frames or bytes came than the rate limit allows"
	tooBig  = "the body is larger than the policy allows"
)

// charge takes a frame that is allowed so far into account, of a grant or, without
// one, of the principal only, and gives the verdict that it passes, if its limits
// let it.
func (g *Guard) charge(v *view, grant *rule, h *frameinspect.Head) Verdict {
	verdict := Verdict{Allow: true}
	l := &v.limits
	if h.Command == frameinspect.CmdSend {
		verdict.Rewrite = v.rewrite
		most := tighter(l.body, grant.limits.body)
		if most > 0 && h.ContentLength > most {
			return g.refuse(v, h, frameinspect.CodeBodyTooBig, tooBig, grant)
		}
		if most > 0 || l.bytesPerSecond > 0 || grant.limits.bytesPerSecond > 0 {
			g.body = bodyCount{view: v, grant: grant, most: most}
		}
	}
	wait, over := g.measure(v, grant, 1, len(h.Raw()))
	if over {
		return g.rateLimited(v, h, grant)
	}
	verdict.Wait = wait
	if grant != nil {
		verdict.Rule = grant.name
		if g.engine.auditsAll {
			g.audit(h.Command, h.Text("destination"), verdict)
		}
	}
	return verdict
}

// rateLimited gives the verdict on the frame that is one too many.
func (g *Guard) rateLimited(v *view, h *frameinspect.Head, grant *rule) Verdict {
	verdict := g.deny(v, h, CodeRateLimited, tooFast, grant)
	verdict.Keep = false // over: close says so
	return verdict
}

func tighter(a, b int64) int64 {
	if a == 0 || b > 0 && b < a {
		return b
	}
	return a
}

// measure takes frames and bytes from the rates of the principal and the grant,
// and tells how long to wait for them, or that the session is over one that
// closes.
func (g *Guard) measure(v *view, grant *rule, frames, bytes int) (wait time.Duration, over bool) {
	ofGrant := grant != nil && (grant.limits.framesPerSecond > 0 || grant.limits.bytesPerSecond > 0)
	if !ofGrant && v.limits.framesPerSecond == 0 && v.limits.bytesPerSecond == 0 {
		return 0, false
	}
	now := g.engine.now()
	wait = g.account.meters.charge(&v.limits, frames, bytes, now)
	over = wait > 0 && v.limits.closeOver
	if ofGrant {
		w := g.metersOf(grant).charge(&grant.limits, frames, bytes, now)
		over = over || w > 0 && grant.limits.closeOver
		wait = max(wait, w)
	}
	return wait, over
}

func (g *Guard) metersOf(grant *rule) *meters {
	m := g.meters[grant.name]
	if m == nil {
		if g.meters == nil {
			g.meters = map[string]*meters{}
		}
		m = &meters{}
		g.meters[grant.name] = m
	}
	return m
}

// Body takes into account n octets of the body of the SEND that was judged last.
// A refusal comes inside a frame, so the session must end, whatever on_denied is.
func (g *Guard) Body(n int) Verdict {
	b := &g.body
	if b.view == nil {
		return Verdict{Allow: true}
	}
	b.taken += int64(n)
	if b.most > 0 && b.taken > b.most {
		return g.refuseBody(frameinspect.CodeBodyTooBig, tooBig)
	}
	wait, over := g.measure(b.view, b.grant, 0, n)
	if over {
		return g.refuseBody(CodeRateLimited, tooFast)
	}
	return Verdict{Allow: true, Wait: wait}
}

func (g *Guard) refuseBody(code frameinspect.Code, message string) Verdict {
	verdict := Verdict{Code: code, Message: message, Rule: g.body.grant.name}
	g.audit(frameinspect.CmdSend, "", verdict)
	return verdict
}
