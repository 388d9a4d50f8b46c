package brokers_test

import (
	"crypto/tls"
	"errors"
	"io"
	"net"
	"os"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/stompgw/stompgw/test/brokers"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

type broker interface {
	Stop() error
	Kill() error
	Restart() error
}

// connect logs in over plain TCP or TLS and returns the broker's first bytes. A broker that has just started now and
// then drops a connection without a word, so a second one is tried then.
func connect(t *testing.T, addr string, config *tls.Config, u brokers.User) string {
	t.Helper()
	answer, err := login(t, addr, config, u)
	if errors.Is(err, io.EOF) {
		answer, err = login(t, addr, config, u)
	}
	if err != nil {
		t.Fatalf("%s: %v", addr, err)
	}
	return answer
}

func login(t *testing.T, addr string, config *tls.Config, u brokers.User) (string, error) {
	t.Helper()
	conn, err := net.DialTimeout("tcp", addr, 5*time.Second)
	if err != nil {
		t.Fatal(err)
	}
	if config != nil {
		conn = tls.Client(conn, config)
	}
	defer conn.Close()
	_ = conn.SetDeadline(time.Now().Add(15 * time.Second))
	frame := "CONNECT\naccept-version:1.2\nhost:" + u.Host + "\nlogin:" + u.Login + "\npasscode:" + u.Passcode + "\n\n\x00"
	if _, err := conn.Write([]byte(frame)); err != nil {
		t.Fatalf("%s: %v", addr, err)
	}
	answer := make([]byte, 4096)
	n, err := conn.Read(answer)
	return string(answer[:n]), err
}

func expect(t *testing.T, got, prefix string) {
	t.Helper()
	if !strings.HasPrefix(got, prefix) {
		t.Errorf("got %q, want a frame that starts with %q", got, prefix)
	}
}

// startOrSkip skips by name when the broker is not installed, or fails where CI=true
// says that nothing may be missing.
func startOrSkip[B broker](t *testing.T, start func(string) (B, error)) B {
	t.Helper()
	b, err := start(t.TempDir())
	if errors.Is(err, brokers.ErrMissing) && os.Getenv("CI") != "true" {
		t.Skipf("SKIPPED, MISSING: %v", err)
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = b.Kill() })
	return b
}

func TestRabbitMQ(t *testing.T) {
	r := startOrSkip(t, brokers.StartRabbitMQ)
	expect(t, connect(t, r.STOMP, nil, r.Guest), "CONNECTED\n")
	expect(t, connect(t, r.STOMP, nil, r.Other), "CONNECTED\n")
	expect(t, connect(t, r.STOMP, nil, brokers.User{Login: "guest", Passcode: "wrong", Host: "/"}), "ERROR\n")
	expect(t, connect(t, r.STOMPTLS, r.Certs.Client(), r.Guest), "CONNECTED\n")
	if n, _, err := r.QueueMessages("/", "nothing"); n != 0 || err != nil {
		t.Errorf("messages in a queue that is not there: got %d, %v, want 0, nil", n, err)
	}
	if err := r.Restart(); err != nil {
		t.Fatal(err)
	}
	expect(t, connect(t, r.STOMP, nil, r.Guest), "CONNECTED\n")
	if err := r.Stop(); err != nil {
		t.Error(err)
	}
}

func TestActiveMQ(t *testing.T) {
	a := startOrSkip(t, brokers.StartActiveMQ)
	for _, addr := range []string{a.STOMP, a.STOMPNIO} {
		expect(t, connect(t, addr, nil, a.Admin), "CONNECTED\n")
		expect(t, connect(t, addr, nil, a.Other), "CONNECTED\n")
		expect(t, connect(t, addr, nil, brokers.User{Login: "admin", Passcode: "wrong"}), "ERROR\n")
	}
	expect(t, connect(t, a.STOMPTLS, a.Certs.Client(), a.Admin), "CONNECTED\n")
	if err := a.Restart(); err != nil {
		t.Fatal(err)
	}
	expect(t, connect(t, a.STOMP, nil, a.Admin), "CONNECTED\n")
	if err := a.Stop(); err != nil {
		t.Error(err)
	}
}

func TestArtemis(t *testing.T) {
	a := startOrSkip(t, brokers.StartArtemis)
	expect(t, connect(t, a.STOMP, nil, a.Admin), "CONNECTED\n")
	expect(t, connect(t, a.STOMP, nil, a.Other), "CONNECTED\n")
	expect(t, connect(t, a.STOMP, nil, brokers.User{Login: "admin", Passcode: "wrong"}), "ERROR\n")
	if err := a.Restart(); err != nil {
		t.Fatal(err)
	}
	expect(t, connect(t, a.STOMP, nil, a.Admin), "CONNECTED\n")
	if err := a.Stop(); err != nil {
		t.Error(err)
	}
}

// HornetQ and Apollo are tested only when asked for.
func TestHornetQ(t *testing.T) {
	onlyWhenAsked(t)
	h := startOrSkip(t, brokers.StartHornetQ)
	testOld(t, h, h.STOMP, h.Admin, h.Other)
}

func TestApollo(t *testing.T) {
	onlyWhenAsked(t)
	a := startOrSkip(t, brokers.StartApollo)
	testOld(t, a, a.STOMP, a.Admin, a.Other)
}

func onlyWhenAsked(t *testing.T) {
	t.Helper()
	if os.Getenv("STOMPGW_TEST_OLD_BROKERS") != "true" {
		t.Skip("only with STOMPGW_TEST_OLD_BROKERS=true")
	}
}

func testOld(t *testing.T, b broker, stomp string, admin, other brokers.User) {
	t.Helper()
	expect(t, connect(t, stomp, nil, admin), "CONNECTED\n")
	expect(t, connect(t, stomp, nil, other), "CONNECTED\n")
	expect(t, connect(t, stomp, nil, brokers.User{Login: "admin", Passcode: "wrong", Host: admin.Host}), "ERROR\n")
	if err := b.Restart(); err != nil {
		t.Fatal(err)
	}
	expect(t, connect(t, stomp, nil, admin), "CONNECTED\n")
	if err := b.Stop(); err != nil {
		t.Error(err)
	}
}
