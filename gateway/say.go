package gateway

import "errors"

// maxUnsaid is how many frames of the gateway's own wait for the end of a message
// before the client counts as one that does not read.
const maxUnsaid = 32

// say sends the client a frame of the gateway's own while downstream may be
// writing. In the middle of a message in fragments it is kept for later.
func (s *session) say(frame []byte) error {
	c, r := &s.client, s.rights
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(r.unsaid) >= maxUnsaid {
		s.endSlowClient(errors.New("too many of the gateway's own frames wait for it"))
		return nil
	}
	r.unsaid = append(r.unsaid, frame)
	return c.catchUp(r)
}

// sayUnsaid sends what was kept, after downstream has written.
func (s *session) sayUnsaid() error {
	if s.rights == nil {
		return nil
	}
	s.client.mu.Lock()
	defer s.client.mu.Unlock()
	return s.client.catchUp(s.rights)
}

// catchUp sends the frames that were kept, unless a message is in progress. The
// caller has the turn to write.
func (c *client) catchUp(r *rights) error {
	for len(r.unsaid) > 0 && !c.inMessage {
		frame := r.unsaid[0]
		if r.unsaid = r.unsaid[1:]; len(r.unsaid) == 0 {
			r.unsaid = nil
		}
		if err := c.send(frame); err != nil {
			return err
		}
	}
	return nil
}
