package e2e

import (
	"testing"

	"github.com/stompgw/stompgw/test/stompws"
)

// expectGatewayError wants the last frame to be an ERROR that the gateway made, with the code and a message.
func expectGatewayError(t *testing.T, frames []stompws.Frame, code string) stompws.Frame {
	t.Helper()
	if len(frames) == 0 {
		t.Errorf("no frame before the close, want an ERROR with code %s", code)
		return stompws.Frame{}
	}
	f := frames[len(frames)-1]
	if f.Command != "ERROR" || f.Get("message") == "" || f.Get("code") != code {
		t.Errorf("last frame before the close: got %v, want an ERROR with a message and code %s", f, code)
	}
	return f
}
