// Package e2e tests the real stompgw program in front of real brokers, with real clients and with faults.
//
// One RabbitMQ, one ActiveMQ and one Artemis serve all tests. STOMPGW_TEST_BARE=true lets the tests of the brokers' behaviour talk
// to the brokers over plain TCP instead, to see whether a difference is the gateway's. STOMPGW_TEST_OLD_BROKERS=true takes in a
// HornetQ and an Apollo, too.
package e2e

import (
	"errors"
	"flag"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"go.uber.org/goleak"

	"github.com/stompgw/stompgw/test/brokers"
	"github.com/stompgw/stompgw/test/gw"
)

// world is what all tests share. It is set by TestMain and then only read.
var world struct {
	rabbit  *brokers.RabbitMQ
	active  *brokers.ActiveMQ
	artemis *brokers.Artemis
	// The causes when a broker is not there.
	rabbitErr, activeErr, artemisErr error
	// With STOMPGW_TEST_OLD_BROKERS=true, and nil otherwise.
	hornetq               *brokers.HornetQ
	apollo                *brokers.Apollo
	hornetqErr, apolloErr error

	backends []*backend
	pages    *httptest.Server // serves test/clients to Chromium; gateways allow its origin
	bare     bool
	old      bool // HornetQ and Apollo are tested, too
}

func TestMain(m *testing.M) { os.Exit(run(m)) }

func run(m *testing.M) (status int) {
	dir, err := os.MkdirTemp("", "stompgw-e2e-")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(dir)
	// Most tests wait most of the time, so more of them run side by side than there are processors.
	flag.Parse()
	given := false
	flag.Visit(func(f *flag.Flag) { given = given || f.Name == "test.parallel" })
	if !given {
		_ = flag.Set("test.parallel", "12")
	}
	world.bare = os.Getenv("STOMPGW_TEST_BARE") == "true"
	world.old = os.Getenv("STOMPGW_TEST_OLD_BROKERS") == "true"
	world.pages = httptest.NewServer(http.FileServer(http.Dir(filepath.Join("..", "clients"))))
	if err := startWorld(dir); err != nil {
		fmt.Fprintln(os.Stderr, err)
		status = 1
	} else {
		status = m.Run()
	}
	world.pages.Close()
	if err := stopWorld(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		status = 1
	}
	if err := goleak.Find(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		status = 1
	}
	return status
}

// startWorld starts the brokers and builds the gateway at the same time, then starts a gateway for each broker. A
// broker that is not installed is no error here; the tests that need it skip, or fail with CI=true.
func startWorld(dir string) error {
	var all sync.WaitGroup
	var buildErr error
	all.Go(func() { world.rabbit, world.rabbitErr = brokers.StartRabbitMQ(filepath.Join(dir, "rabbitmq")) })
	all.Go(func() { world.active, world.activeErr = brokers.StartActiveMQ(filepath.Join(dir, "activemq")) })
	all.Go(func() { world.artemis, world.artemisErr = brokers.StartArtemis(filepath.Join(dir, "artemis")) })
	if world.old {
		all.Go(func() { world.hornetq, world.hornetqErr = brokers.StartHornetQ(filepath.Join(dir, "hornetq")) })
		all.Go(func() { world.apollo, world.apolloErr = brokers.StartApollo(filepath.Join(dir, "apollo")) })
	}
	all.Go(func() {
		if !world.bare {
			_, buildErr = gw.Build(true)
		}
	})
	all.Wait()
	for _, err := range []error{world.rabbitErr, world.activeErr, world.artemisErr, world.hornetqErr, world.apolloErr} {
		if err != nil && !errors.Is(err, brokers.ErrMissing) {
			return err
		}
	}
	if buildErr != nil {
		return buildErr
	}
	world.backends = newBackends()
	for _, b := range world.backends {
		if err := b.startGateways(); err != nil {
			return fmt.Errorf("gateway for %s: %w", b.name, err)
		}
	}
	return nil
}

func stopWorld() error {
	var errs []error
	for _, b := range world.backends {
		for _, g := range []*gw.Gateway{b.gateway, b.beating} {
			if g != nil {
				errs = append(errs, g.Stop())
			}
		}
	}
	gw.Clean()
	if world.rabbit != nil {
		errs = append(errs, world.rabbit.Stop())
	}
	if world.active != nil {
		errs = append(errs, world.active.Stop())
	}
	if world.artemis != nil {
		errs = append(errs, world.artemis.Stop())
	}
	if world.hornetq != nil {
		errs = append(errs, world.hornetq.Stop())
	}
	if world.apollo != nil {
		errs = append(errs, world.apollo.Stop())
	}
	return errors.Join(errs...)
}
