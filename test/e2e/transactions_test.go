package e2e

import (
	"slices"
	"testing"
)

func TestTransactionCommit(t *testing.T) {
	eachBackend(t, func(t *testing.T, b *backend) {
		q := b.queue(t)
		s := b.connect(t)
		s.Do("SUBSCRIBE", "", "id", "1", "destination", q)
		s.Do("BEGIN", "", "transaction", "tx")
		s.Do("SEND", "inside 1", "destination", q, "transaction", "tx")
		s.Do("SEND", "inside 2", "destination", q, "transaction", "tx")
		s.Do("SEND", "outside", "destination", q)
		s.ExpectBody("outside")
		s.Do("COMMIT", "", "transaction", "tx")
		s.ExpectBody("inside 1")
		s.ExpectBody("inside 2")
	})
}

func TestTransactionAbort(t *testing.T) {
	eachBackend(t, func(t *testing.T, b *backend) {
		q := b.queue(t)
		s := b.connect(t)
		s.Do("SUBSCRIBE", "", "id", "1", "destination", q)
		s.Do("BEGIN", "", "transaction", "tx")
		s.Do("SEND", "inside", "destination", q, "transaction", "tx")
		s.Do("ABORT", "", "transaction", "tx")
		s.Do("SEND", "outside", "destination", q)
		s.ExpectBody("outside")
	})
}

// A transaction that is open when the browser goes is undone.
func TestTransactionOfAClientThatDied(t *testing.T) {
	eachBackend(t, func(t *testing.T, b *backend) {
		q := b.queue(t)
		s := b.connect(t)
		s.Do("BEGIN", "", "transaction", "tx")
		s.Do("SEND", "inside", "destination", q, "transaction", "tx")
		s.DoReceipt("SEND", "outside", "destination", q)
		s.Abort()
		if got, want := left(t, b, q, 1), []string{"outside"}; !slices.Equal(got, want) {
			t.Errorf("in the queue: got %q, want %q", got, want)
		}
	})
}

func TestAckInTransactions(t *testing.T) {
	for end, want := range map[string][]string{"COMMIT": {"1*", "3*"}, "ABORT": {"1*", "2*", "3*"}} {
		t.Run(end, func(t *testing.T) {
			eachBackend(t, func(t *testing.T, b *backend) {
				q := b.queue(t)
				s, frames := unacknowledged(t, b, q, "client-individual")
				s.Do("BEGIN", "", "transaction", "tx")
				s.Do("ACK", "", "id", frames[1].Get("ack"), "transaction", "tx")
				s.DoReceipt(end, "", "transaction", "tx")
				s.DoReceipt("DISCONNECT", "")
				s.Close()
				want := want
				if b.name == "Artemis" || b.name == "HornetQ" {
					want = []string{"1*", "3*"} // an ACK is no part of a transaction there
				}
				if got, want := left(t, b, q, len(want)), b.marks(want); !slices.Equal(got, want) {
					t.Errorf("left in the queue after %s: got %q, want %q", end, got, want)
				}
			})
		})
	}
}
