package gateway

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"runtime/debug"
	"sync"
	"sync/atomic"
	"time"

	"go.uber.org/zap"

	"github.com/stompgw/stompgw/broker"
	"github.com/stompgw/stompgw/frameinspect"
	"github.com/stompgw/stompgw/wire"
)

// session is one browser joined to one broker connection.
//
// Two goroutines serve it: upstream reads the client and writes to the broker,
// downstream reads the broker and writes to the client. Downstream starts when
// the client is logged in; upstream waits for it and finishes alone. Each returns
// while its connection is quiet, and is called again. The gateway's
// schedule looks after both legs. There is no queue: a write that waits is what stops the
// reading on the other side.
type session struct {
	// Set once, before the goroutines start.
	gw     *Gateway
	id     string
	addr   netip.Addr
	begun  int64
	rights *rights     // nil where there is neither authentication nor a policy
	spans  *frameSpans // nil where frames are not traced

	// Set by upstream before the session is connected.
	broker      *wire.Conn // guarded by mu until then
	target      *broker.Target
	version     frameinspect.Version
	dialect     broker.Dialect
	port        uint16                 // of addr, 0 where it is not known; set before the goroutines start, and here because there is room
	clientBeat  frameinspect.HeartBeat // the gateway's part on the client's leg
	brokerBeat  frameinspect.HeartBeat // the gateway's part on the broker's leg
	connectedAt int64
	pump        sync.WaitGroup // downstream, once it runs

	// Owned by upstream, but for what is atomic. The two halves are kept apart, so
	// that two cores do not share a cache line.
	client        client // its writer's half is downstream's
	fromClient    frameinspect.Scanner
	fate          fate
	leaving       leaving
	paused        bool        // upstream has paused since the client was read
	pausing       atomic.Bool // upstream waits for neither side: for a limit of the policy, or for a verdict
	phase         atomic.Int32
	sentFrame     atomic.Bool     // the client has sent a frame since it connected
	connect       *connectRequest // what CONNECT asked for, until the client is connected
	newFrames     int32           // frames and bytes of a batch that the traffic does not count yet
	newBytes      int32
	up            traffic
	brokerWritten stamp                  // when bytes went last to the broker
	midSince      atomic.Int64           // since when the client is inside a frame or message and does not go on with it; 0 where it is not
	disconnectAt  atomic.Int64           // when DISCONNECT was read; 0 before, or overtaken
	awaited       atomic.Pointer[[]byte] // the receipt that DISCONNECT asked for; nil for none
	brokerTurn    sync.Mutex             // the turn to write to the broker, a batch at a time
	brokerMid     bool                   // guarded by brokerTurn: the broker has a frame in part

	tickTurn sync.Mutex // held by the one tick that runs, and guards what follows
	stopped  bool
	pinged   int64 // when the last ping went
	passed   int64 // frames that had passed
	passedAt int64 // when that was seen to change

	mu    sync.Mutex
	ended *ending // guarded by mu: the first to end the session decides how

	leaveQueue context.CancelFunc // guarded by mu; nil but for a session that awaits its turn to log in

	due   int64 // guarded by the schedule: when the next tick is due
	place int   // guarded by the schedule

	// Owned by downstream, but for what is atomic.
	fromBroker frameinspect.Scanner
	frames     framesDown
	downAt     int64 // when bytes came last from the broker
	wroteAt    int64 // when they had gone to the client
	down       traffic
	brokerRead stamp // as downAt
}

// The phases of a session, in order.
const (
	awaitingConnect int32 = iota
	loggingIn
	awaitingTurn // and then loggingIn again
	connected
)

func (s *session) isConnected() bool { return s.phase.Load() == connected }

// leaving says how far a client's DISCONNECT has come.
type leaving uint8

const (
	staying leaving = iota
	sayingGoodbye
	saidGoodbye
)

// run serves the session until it is connected, and to its end where it never is.
// Logging in needs a deep stack, which a session would keep for its life, so it
// goes on in a goroutine with a new one.
func (s *session) run() {
	s.gw.metrics.begin(s.client.transport)
	s.startTicks()
	if s.awaitLogin() {
		if s.client.conn != nil {
			s.client.conn.ParkIn(&s.gw.poller, clientTaker{s})
		}
		go s.upstream()
		return
	}
	s.wind()
}

// wind waits for downstream and brings the session to its end.
func (s *session) wind() {
	defer s.gw.leave(s)
	s.pump.Wait()
	s.finish()
	s.closeBoth()
	s.logEnd()
}

// contain keeps a bug in a part of the session from ending more than the
// session. It must be deferred itself.
func (s *session) contain(part string) {
	if r := recover(); r != nil {
		s.gw.log.Error("panic in session", zap.String("session", s.id), zap.String("part", part),
			zap.Any("panic", r), zap.ByteString("stack", debug.Stack()))
		s.end(bug(fmt.Errorf("panic: %v", r)))
	}
}

// bug is the ending of a session by a fault of the gateway's own.
func bug(cause error) ending {
	const message = "internal error"
	return endBy(Internal, message, cause).withError(errorFrame{code: codeInternal, message: message})
}

// end decides how the session ends, unless that is decided. It makes both
// goroutines return soon: waiting reads end now, waiting writes within the
// close timeout.
func (s *session) end(e ending) {
	s.mu.Lock()
	defer s.mu.Unlock() // kept until all are told: the last words have deadlines of their own
	if s.ended != nil {
		return
	}
	s.ended = &e
	if s.leaveQueue != nil {
		s.leaveQueue()
	}
	if s.rights != nil {
		s.rights.endOfLife()
	}
	s.client.interrupt(time.Now().Add(s.gw.options.CloseTimeout))
	if s.broker != nil {
		s.broker.SetReadDeadline(longAgo)
		s.broker.EndWrites(time.Now().Add(s.gw.options.CloseTimeout))
	}
}

var longAgo = time.Unix(1, 0)

// how gives the ending once there is one.
func (s *session) how() *ending {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.ended
}

// setBroker makes the broker's connection known to whoever ends the session.
// It tells whether the session goes on.
func (s *session) setBroker(c *wire.Conn) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.broker = c
	return s.ended == nil
}

// finish says goodbye to both sides. Nobody else uses the connections by now.
func (s *session) finish() {
	defer s.contain("finish")
	s.stopTicks()
	e := s.how()
	if e == nil {
		s.end(bug(errors.New("the session stopped without a reason")))
		e = s.how()
	}
	s.client.bye(*e, s.gw.loginPool, time.Now().Add(s.gw.options.CloseTimeout))
	s.client.close() // nothing is left to lose
	if s.broker != nil {
		deadline := time.Now().Add(s.gw.options.CloseTimeout)
		s.broker.LimitWrites(deadline)
		s.broker.SetReadDeadline(deadline)
		_ = s.broker.CloseWrite() // fails only where the connection is gone
		drain(s.broker, s.gw.pool)
	}
	s.frames.release(s.gw.pool)
}

func (s *session) closeBoth() {
	s.client.close()
	if s.broker != nil {
		_ = s.broker.Close()
	}
	s.rights.release()
	s.spans.giveUp(s.how().reason)
}

func (s *session) logEnd() {
	e := s.how()
	fields := []zap.Field{
		zap.String("session", s.id), zap.String("reason", string(e.reason)), zap.Int("code", e.code),
		zap.Duration("duration", time.Duration(s.gw.clock()-s.begun)),
		zap.Int64("frames_in", s.up.frames.Load()), zap.Int64("bytes_in", s.up.bytes.Load()),
		zap.Int64("frames_out", s.down.frames.Load()), zap.Int64("bytes_out", s.down.bytes.Load()),
	}
	if s.target != nil {
		fields = append(fields, zap.Stringer("broker", s.target), zap.Stringer("stomp", s.version))
	}
	if who := s.rights.principal(); who != "" {
		fields = append(fields, zap.String("principal", who))
	}
	if e.cause != nil {
		fields = append(fields, zap.String("cause", e.cause.Error()))
	}
	s.gw.log.Info("session ended", fields...)
	s.noteEnd(e)
	s.gw.metrics.end(s.client.transport, e.reason)
}
