package demo

import "github.com/stompgw/stompgw/frameinspect"

// supported are the versions this broker speaks.
var supported = frameinspect.ParseAcceptVersion([]byte("1.0,1.1,1.2"))

var errNoVersion = refuse("unsupported version", "this broker speaks STOMP %s", supported)

// connect answers CONNECT or STOMP. Login, passcode and host may be anything.
func (s *session) connect(f *frame) error {
	version := frameinspect.V10 // what a client means that names none
	if f.has("accept-version") {
		if version = highest(frameinspect.ParseAcceptVersion([]byte(f.get("accept-version")))); version == 0 {
			return errNoVersion
		}
	}
	headers := []header{
		{"version", version.String()},
		{"session", s.id},
		{"server", "stompgw-demo/" + s.broker.options.Version},
	}
	// STOMP 1.0 has no heart-beats.
	if version >= frameinspect.V11 {
		shortest := s.broker.options.HeartBeat
		own := frameinspect.HeartBeat{Send: shortest, Receive: shortest}
		if f.has("heart-beat") {
			theirs, err := frameinspect.ParseHeartBeat([]byte(f.get("heart-beat")))
			if err != nil {
				return refuse("bad heart-beat", "%v", err)
			}
			agreed := own.Agree(theirs)
			// A little early, because the client counts from beat to beat.
			s.out.setBeat(agreed.Send * 9 / 10)
			// A beat may be late; twice the interval is what brokers allow.
			s.silence = agreed.Receive * 2
		}
		headers = append(headers, header{"heart-beat", own.String()})
	}
	if receipt := f.get("receipt"); receipt != "" {
		headers = append(headers, header{"receipt-id", receipt})
	}
	s.version = version
	s.reader.scanner.SetVersion(version)
	// CONNECTED is not escaped, in any version.
	s.out.push(serverFrame(frameinspect.CmdConnected, frameinspect.V10, headers...))
	return nil
}

func highest(offered frameinspect.Versions) frameinspect.Version {
	for _, v := range []frameinspect.Version{frameinspect.V12, frameinspect.V11, frameinspect.V10} {
		if offered.Has(v) {
			return v
		}
	}
	return 0
}
