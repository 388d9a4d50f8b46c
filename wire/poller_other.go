//go:build !linux

package wire

import (
	"errors"
	"time"
)

// Poller is Linux's: elsewhere connections do not park.
type Poller struct{ ParkAfter time.Duration }

func (p *Poller) arm(*Conn) error { return errors.ErrUnsupported }

func (p *Poller) disarm(*Conn) {}

func (p *Poller) forget(*Conn) {}
