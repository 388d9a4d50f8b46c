package demo

// transaction is what a client wants done together. It is not done, nor
// checked, before COMMIT.
type transaction struct {
	operations []operation
	bytes      int64
}

// do does an operation, or puts it off where the frame names a transaction.
func (s *session) do(f *frame, op operation) error {
	if !f.has("transaction") {
		return s.broker.store.apply(s, []operation{op})
	}
	name, t, err := s.transaction(f)
	if err != nil {
		return err
	}
	o := s.broker.options
	if op.message != nil {
		t.bytes += op.message.size()
	}
	if len(t.operations) == o.QueueMessages || t.bytes > o.QueueBytes {
		return refuse("transaction too big", "%q would hold more than %d frames or %d bytes", name, o.QueueMessages, o.QueueBytes)
	}
	t.operations = append(t.operations, op)
	return nil
}

// transaction finds the open transaction that a frame names.
func (s *session) transaction(f *frame) (string, *transaction, error) {
	name, err := f.need("transaction")
	if err != nil {
		return "", nil, err
	}
	t := s.transactions[name]
	if t == nil {
		return "", nil, refuse("unknown transaction", "no transaction %q is open", name)
	}
	return name, t, nil
}

func (s *session) begin(f *frame) error {
	name, err := f.need("transaction")
	if err != nil {
		return err
	}
	if s.transactions[name] != nil {
		return refuse("transaction is open", "BEGIN came a second time for %q", name)
	}
	if most := s.broker.options.Transactions; len(s.transactions) == most {
		return refuse("too many transactions", "a connection may have %d open transactions", most)
	}
	s.transactions[name] = &transaction{}
	return nil
}

// commit does all of a transaction, or none of it.
func (s *session) commit(f *frame) error {
	name, t, err := s.transaction(f)
	if err != nil {
		return err
	}
	delete(s.transactions, name)
	return s.broker.store.apply(s, t.operations)
}

func (s *session) abort(f *frame) error {
	name, _, err := s.transaction(f)
	delete(s.transactions, name)
	return err
}
