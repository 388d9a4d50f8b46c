package config

import "regexp"

// Kubernetes and Docker put these into a container's environment for a service
// called stompgw or stompgw-something, and no manifest says so. Only an address
// is taken for theirs in …_PORT: a number was meant as a setting.
var (
	serviceLink = regexp.MustCompile(`^STOMPGW_(?:[A-Z0-9_]+_)?` +
		`(?:SERVICE_HOST|SERVICE_PORT(?:_[A-Z0-9_]+)?|PORT_[0-9]+_(?:TCP|UDP|SCTP)(?:_PROTO|_PORT|_ADDR)?)$`)
	servicePort    = regexp.MustCompile(`^STOMPGW_(?:[A-Z0-9_]+_)?PORT$`)
	serviceAddress = regexp.MustCompile(`^(?:tcp|udp|sctp)://`)
)

// isServiceLink says whether a variable is none of ours.
func isServiceLink(name, value string) bool {
	return serviceLink.MatchString(name) || servicePort.MatchString(name) && serviceAddress.MatchString(value)
}

// distance is the number of letters to add, drop or change to make b out of a
// (Levenshtein).
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			change := diagonal
			if a[i] != b[j] {
				change++
			}
			diagonal = row[j+1]
			row[j+1] = min(change, row[j]+1, diagonal+1)
		}
	}
	return row[len(b)]
}
