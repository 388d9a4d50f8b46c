package brokers

import (
	"fmt"
	"net"
	"time"
)

// awaitAnswer waits until the STOMP listener answers a CONNECT: while a broker still starts it may accept a connection
// and reset it. The preface comes before STOMP.
func awaitAnswer(addr, preface string, u User, within time.Duration) error {
	for deadline := time.Now().Add(within); ; time.Sleep(50 * time.Millisecond) {
		err := answers(addr, preface, u)
		if err == nil || time.Now().After(deadline) {
			return err
		}
	}
}

func answers(addr, preface string, u User) error {
	c, err := net.DialTimeout("tcp", addr, time.Second)
	if err != nil {
		return err
	}
	defer c.Close()
	if err := c.SetDeadline(time.Now().Add(5 * time.Second)); err != nil {
		return err
	}
	if _, err := fmt.Fprintf(c, "%sCONNECT\naccept-version:1.2\nhost:%s\nlogin:%s\npasscode:%s\n\n\x00", preface, u.Host, u.Login, u.Passcode); err != nil {
		return err
	}
	if _, err := c.Read(make([]byte, 1)); err != nil {
		return fmt.Errorf("read the answer to CONNECT from %s: %w", addr, err)
	}
	return nil
}
