package cluster

import (
	"crypto/sha256"
	"encoding/binary"
)

// owner gives the member that a new session is to live in; nil is this gateway.
// It is the one with the highest score of member and session together (rendezvous
// hashing), so that whoever knows the same members names the same one, and a
// member that comes or goes changes nothing for the sessions of others.
func (c *Cluster) owner(session string) *peer {
	var owner *peer
	var name string
	var highest uint64
	for instance, p := range c.members.candidates() {
		if s := score(instance, session); name == "" || s > highest {
			owner, name, highest = p, instance, s
		}
	}
	return owner
}

func score(instance, session string) uint64 {
	sum := sha256.Sum256([]byte(instance + "\x00" + session))
	return binary.BigEndian.Uint64(sum[:])
}
