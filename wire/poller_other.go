//go:build !linux

package wire

import "errors"

// Poller is Linux's: elsewhere connections do not park.
type Poller struct{}

func (p *Poller) arm(*Conn) error { return errors.ErrUnsupported }

func (p *Poller) forget(*Conn) {}
