package policy

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"sync/atomic"
	"time"

	"github.com/stompgw/stompgw/frameinspect"
)

// AuditMode is which decisions the audit log has, by its word in the
// configuration.
type AuditMode string

// The modes.
const (
	AuditDenials AuditMode = "denials"
	AuditAll     AuditMode = "all" // allowed SENDs and SUBSCRIBEs, too
	AuditOff     AuditMode = "off"
)

// auditEntry is one line. It never holds a body, a header's value or a secret.
type auditEntry struct {
	Time        time.Time         `json:"time"`
	Session     string            `json:"session"`
	Principal   string            `json:"principal"`
	Action      string            `json:"action"` // the command; CONNECT, REVOKE of a session
	Destination string            `json:"destination,omitempty"`
	Verdict     string            `json:"verdict"`
	Rule        string            `json:"rule,omitempty"`
	Code        frameinspect.Code `json:"code,omitempty"`
	Reason      string            `json:"reason,omitempty"`
	Policy      string            `json:"policy"`
}

// maxAuditDestination bounds what a line quotes of a destination, in bytes.
const maxAuditDestination = 256

func (g *Guard) audit(command frameinspect.Command, destination string, v Verdict) {
	g.auditAction(command.String(), destination, v)
}

func (g *Guard) auditAction(action, destination string, v Verdict) {
	log := g.engine.auditLog
	if log == nil {
		return
	}
	verdict := "deny"
	if v.Allow {
		verdict = "allow"
	}
	if len(destination) > maxAuditDestination {
		destination = strings.ToValidUTF8(destination[:maxAuditDestination], "") + "…"
	}
	log.add(auditEntry{Time: time.Now().UTC(), Session: g.session, Principal: g.principal.Load().Name, Action: action, Destination: strings.Clone(destination),
		Verdict: verdict, Rule: v.Rule, Code: v.Code, Reason: v.Message, Policy: g.view.Load().policy.version})
}

// auditQueue is how many lines may wait for a slow log. A session never waits:
// what has no room is lost, counted, and the count stands in the log as soon as
// there is room.
const auditQueue = 1024

var errAuditFull = errors.New("the audit log is written too slowly")

// auditLog writes entries in the order in which they came.
type auditLog struct {
	queue  chan auditEntry
	again  chan struct{} // open the file again; one request is as good as two
	lost   atomic.Int64  // lines since the last that was written
	onLost func(int, error)
	name   string // of the file; "" for none
	file   *os.File
	to     io.Writer
}

func newAuditLog(o EngineOptions) (*auditLog, error) {
	l := &auditLog{queue: make(chan auditEntry, auditQueue), again: make(chan struct{}, 1), onLost: o.OnAuditLost, name: o.AuditFile, to: o.AuditTo}
	if l.onLost == nil {
		l.onLost = func(int, error) {}
	}
	if l.to == nil {
		l.to = os.Stdout
	}
	if err := l.open(); err != nil {
		return nil, err
	}
	return l, nil
}

// open opens the log's file, if it has one, in the place of the one before.
func (l *auditLog) open() error {
	if l.name == "" {
		return nil
	}
	file, err := os.OpenFile(l.name, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		return fmt.Errorf("open the audit log: %w", err)
	}
	old := l.file
	l.file, l.to = file, file
	if old != nil {
		return old.Close()
	}
	return nil
}

// reopen asks for the file to be opened again, after its rotation.
func (l *auditLog) reopen() {
	select {
	case l.again <- struct{}{}:
	default:
	}
}

func (l *auditLog) add(e auditEntry) {
	select {
	case l.queue <- e:
	default:
		l.lost.Add(1)
		l.onLost(1, errAuditFull)
	}
}

// run writes until the context ends, and then what is left.
func (l *auditLog) run(ctx context.Context) {
	defer l.close()
	for {
		select {
		case e := <-l.queue:
			l.write(e)
		case <-l.again:
			if err := l.open(); err != nil {
				l.onLost(0, err)
			}
		case <-ctx.Done():
			for {
				select {
				case e := <-l.queue:
					l.write(e)
				default:
					return
				}
			}
		}
	}
}

func (l *auditLog) write(e auditEntry) {
	if err := l.line(e); err != nil {
		l.lost.Add(1)
		l.onLost(1, err)
		return
	}
	// A line is lost where the queue is full, so one of the queue's follows it, and
	// the count with that.
	n := l.lost.Swap(0)
	if n == 0 {
		return
	}
	if err := l.line(auditLoss{time.Now().UTC(), n}); err != nil {
		l.lost.Add(n) // told of already
	}
}

// auditLoss is the line that stands for those that were lost.
type auditLoss struct {
	Time time.Time `json:"time"`
	Lost int64     `json:"lost_lines"`
}

func (l *auditLog) line(entry any) error {
	var b bytes.Buffer
	encoder := json.NewEncoder(&b)
	encoder.SetEscapeHTML(false) // > is a wildcard, and no page shows this
	if err := encoder.Encode(entry); err != nil {
		return fmt.Errorf("write the audit log: %w", err)
	}
	if _, err := l.to.Write(b.Bytes()); err != nil {
		return fmt.Errorf("write the audit log: %w", err)
	}
	return nil
}

func (l *auditLog) close() {
	if l.file == nil {
		return
	}
	if err := l.file.Close(); err != nil {
		l.onLost(0, fmt.Errorf("close the audit log: %w", err))
	}
}
