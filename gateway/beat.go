package gateway

import (
	"errors"
	"time"

	"github.com/stompgw/stompgw/frameinspect"
	"github.com/stompgw/stompgw/websocket"
)

// keepAliveEvery is how often a broker that ends silent connections hears of the
// gateway although no heart-beats were agreed on. Artemis gives them a minute.
const keepAliveEvery = 20 * time.Second

// A peer may be silent for graceBeats intervals, and for leastGrace beyond the
// first: a network may well take half an interval to deliver what was sent in
// time.
const (
	graceBeats = 2
	leastGrace = 5 * time.Second
)

// pingTries is how often in an interval a ping is tried that others keep from going
// out: a silent page whose browser was not asked in time would be taken for dead.
const pingTries = 16

// never is later than anything that is due.
const never = int64(1<<63 - 1)

// startTicks starts the looking after the session.
func (s *session) startTicks() {
	s.gw.schedule.set(s, s.begun+int64(s.gw.options.ConnectTimeout))
}

// tickSoon makes the next tick come at once, after what is due has changed.
func (s *session) tickSoon() { s.gw.schedule.set(s, s.gw.clock()) }

// stopTicks returns when no tick runs and none will.
func (s *session) stopTicks() {
	s.tickTurn.Lock()
	defer s.tickTurn.Unlock()
	s.stopped = true
	s.gw.schedule.drop(s)
}

// tick does what is due and says when something may be due again. What happens
// meanwhile only moves things further away, so nothing has to be told when bytes
// pass. It waits for nothing.
func (s *session) tick() {
	s.tickTurn.Lock()
	defer s.tickTurn.Unlock()
	defer s.contain("tick")
	if s.stopped {
		return
	}
	if next := s.look(s.gw.clock()); next != never {
		s.gw.schedule.set(s, next)
	}
}

// look does what is due and gives the time when something may be due next.
func (s *session) look(now int64) int64 {
	o := &s.gw.options
	switch s.phase.Load() {
	case connected:
	case awaitingTurn:
		return s.lookTurn(now)
	default:
		due := s.begun + int64(o.ConnectTimeout)
		if now < due {
			return due
		}
		if s.phase.Load() == awaitingConnect {
			s.endSilent(ConnectTimeout, codeConnectTimeout, "no CONNECT frame came in time")
		}
		return never // downstream's start makes the next tick come
	}
	next := min(s.lookClient(now), s.lookBroker(now), s.lookProgress(now), s.lookIdentity(now))
	if s.how() != nil {
		return never
	}
	return next
}

// lookClient keeps the client's leg alive and notices when it is not.
func (s *session) lookClient(now int64) int64 {
	if s.client.keepsItself() {
		return never
	}
	o := &s.gw.options
	read, written := max(s.client.read.get(), s.client.taken.get()), s.client.written.get()

	next := never
	if every := s.clientBeat.Send; every > 0 {
		next = written + early(every)
		if now >= next {
			s.noteWrite(s.client.beat())
			next = now + early(every)
		}
	}

	// The peer owes a sign of life, be it a heart-beat or the answer to a ping:
	// a page in the background does not run its timers, but its browser answers.
	every := o.PingInterval
	if beat := s.clientBeat.Receive; beat > 0 {
		every = min(every, beat+beat/4)
	}
	again := now + int64(every)/pingTries
	if s.holdsClient() || s.holdsBroker() {
		// Upstream does not read, so silence means nothing; or downstream waits for
		// the client to read, for which there is another limit; or one of them was
		// just writing.
		return min(next, again)
	}
	dead := read + int64(max(graceBeats*every, every+s.gw.leastGrace))
	if now >= dead {
		s.endSilent(HeartBeatLost, codeHeartBeatLost, "nothing was heard from the client for too long")
		return never
	}
	// Proxies on the way cut connections on which they see nothing from here.
	ping := min(max(read, s.pinged)+int64(every), max(written, s.pinged)+int64(o.PingInterval))
	if now >= ping {
		sent, err := s.client.ping()
		s.noteWrite(err)
		ping = again
		if sent {
			s.pinged, ping = now, now+int64(every)
		}
	}
	return min(next, dead, ping)
}

var pingFrame = websocket.AppendPing(nil)

// lookBroker keeps the broker's leg alive and notices when it is not.
func (s *session) lookBroker(now int64) int64 {
	next := never
	every := s.brokerBeat.Send
	if every == 0 && s.dialect.KeepAlive() {
		every = keepAliveEvery
	}
	if every > 0 {
		next = s.brokerWritten.get() + early(every)
		if now >= next {
			s.beatBroker(now)
			next = now + early(every)
		}
	}
	if every := s.brokerBeat.Receive; every > 0 && !s.holdsBroker() {
		dead := s.brokerRead.get() + int64(max(graceBeats*every, every+s.gw.leastGrace))
		if now >= dead {
			s.endBrokerLost("the broker fell silent", errors.New("no heart-beat of the broker in time"))
			return never
		}
		next = min(next, dead)
	} else if every > 0 {
		next = min(next, now+int64(every))
	}
	return next
}

// early is when a heart-beat is sent that is due after the interval. ActiveMQ
// grants no grace by default, so there must be time for the network.
func early(every time.Duration) int64 {
	return int64(every - max(every/10, min(every/5, 500*time.Millisecond)))
}

var lineFeed = []byte{'\n'}

// beatBroker writes a heart-beat, unless somebody writes anyway or the broker
// has a frame in part, in which a line feed would be a part of the body.
func (s *session) beatBroker(now int64) {
	if !s.brokerTurn.TryLock() {
		return
	}
	defer s.brokerTurn.Unlock()
	if s.brokerMid {
		return
	}
	if n, _ := s.broker.TryWrite(lineFeed); n > 0 { // downstream hears of a broken connection
		s.brokerWritten.set(now)
	}
}

// lookProgress notices a session in which nothing goes on.
func (s *session) lookProgress(now int64) int64 {
	o := &s.gw.options
	next, midSince := never, s.midSince.Load()
	passed := func(due int64) bool {
		next = min(next, due)
		return now >= due
	}
	switch {
	case s.disconnectAt.Load() > 0 && passed(s.disconnectAt.Load()+int64(o.DisconnectTimeout)):
		s.endBrokerLost("the broker did not answer DISCONNECT", errors.New("no RECEIPT for DISCONNECT in time"))
	case midSince != 0 && !s.holdsClient() && passed(midSince+int64(o.FrameTimeout)):
		s.endSilent(Idle, codeFrameTimeout, "a frame was begun and not ended in time")
	case o.FirstFrameTimeout > 0 && !s.sentFrame.Load() && passed(s.connectedAt+int64(o.FirstFrameTimeout)):
		s.endSilent(Idle, codeIdle, "no frame came after CONNECTED in time")
	case o.IdleTimeout > 0 && passed(s.lastFrame(now)+int64(o.IdleTimeout)):
		s.endSilent(Idle, codeIdle, "no frame passed for too long")
	}
	// A frame may begin at any time.
	return min(next, now+int64(min(o.FrameTimeout, o.PingInterval)))
}

// lastFrame gives the time since which no frame has passed, as far as the ticks
// saw it.
func (s *session) lastFrame(now int64) int64 {
	if n := s.up.frames.Load() + s.down.frames.Load(); n != s.passed {
		s.passed, s.passedAt = n, now
	}
	return s.passedAt
}

func (s *session) endSilent(reason CloseReason, code frameinspect.Code, message string) {
	s.end(endBy(reason, message, nil).withError(errorFrame{code: code, message: message}))
}

// noteWrite ends the session when a heart-beat or ping could not be written.
func (s *session) noteWrite(err error) {
	if err != nil {
		s.end(endBy(ClientClosed, "", err))
	}
}

// heartBeat gives the WebSocket frame of a STOMP heart-beat.
func (t MessageType) heartBeat() []byte {
	if t == BinaryMessages {
		return binaryBeat
	}
	return textBeat
}

var (
	textBeat   = append(websocket.AppendHeader(nil, websocket.Text, true, 1), '\n')
	binaryBeat = append(websocket.AppendHeader(nil, websocket.Binary, true, 1), '\n')
)
