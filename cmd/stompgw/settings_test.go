package main

import (
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"go.uber.org/zap"

	"github.com/stompgw/stompgw/admin"
	"github.com/stompgw/stompgw/auth"
	"github.com/stompgw/stompgw/broker"
	"github.com/stompgw/stompgw/cluster"
	"github.com/stompgw/stompgw/config"
	"github.com/stompgw/stompgw/gateway"
	"github.com/stompgw/stompgw/internal/testcert"
	"github.com/stompgw/stompgw/listen"
	"github.com/stompgw/stompgw/policy"
)

// made is all that is made out of a configuration.
type made struct {
	gateway gateway.Options
	pace    broker.Pace
	broker  broker.Options
	auth    auth.Options
	policy  policy.EngineOptions
	cluster cluster.Options
	admin   admin.Options
	listen  listen.Options
	tls     listen.CertificateOptions
	level   string // of the log
	logged  string // a line of it
}

// makeOf parses the settings, NAME=value without the prefix and with blanks between
// them, and makes everything out of them; DIR is the folder.
func makeOf(t *testing.T, dir, settings string) (m made) {
	t.Helper()
	environ := []string{"STOMPGW_BROKERS=tls://a"}
	for _, setting := range strings.Fields(strings.ReplaceAll(settings, "DIR", dir)) {
		environ = append(environ, config.Prefix+setting)
	}
	c, err := config.Parse(environ)
	if err != nil {
		t.Fatal(err)
	}
	if m.broker, err = brokerOptions(c, nil); err != nil {
		t.Fatal(err)
	}
	if m.auth, err = authOptions(c, nil); err != nil {
		t.Fatal(err)
	}
	rules := &enforcement{conf: c}
	if c.Auth.Methods[0] != config.AuthNone {
		rules.auth = new(auth.Authenticator) // nobody asks it
	}
	m.gateway = gatewayOptions(c)
	rules.apply(&m.gateway)
	m.pace, m.policy, m.cluster, m.admin = loginPace(c.Broker), policyOptions(c.Policy), clusterOptions(c), adminOptions(c)
	m.listen, m.tls = listenOptions(c.Server), certificateOptions(c.TLS)
	var out output
	log, level, err := newLogger(c.Log, &out)
	if err != nil {
		t.Fatal(err)
	}
	log.Log(zap.ErrorLevel, "hello")
	m.level, m.logged = level.String(), out.String()
	return m
}

// settingsTestedAlone are the variables that run itself looks at, with the test that
// sees what they do.
var settingsTestedAlone = map[string]func(*testing.T){
	"ADMIN_LISTEN":   TestPortsThatAreTaken,
	"PATHS":          TestPaths,
	"CLUSTER_LISTEN": TestCluster,
	"DRAIN_DELAY":    TestDrain,
	"DRAIN_SPREAD":   TestDrainIsSpread,
	"DRAIN_TIMEOUT":  TestDrainHasADeadline,
}

// TestEverySettingReachesWhatItSets sets each variable for itself to something else
// than what it is without, and looks at the place where that must arrive.
func TestEverySettingReachesWhatItSets(t *testing.T) {
	dir, pair := t.TempDir(), testcert.New(t, "stompgw")
	pair.Write(t, dir)
	for _, name := range []string{"policy", "users", "keys"} {
		if err := os.WriteFile(filepath.Join(dir, name), nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	tested := map[string]bool{}
	for _, group := range settings(t, dir, pair) {
		before := makeOf(t, dir, group.beside)
		for _, s := range group.settings {
			name, _, _ := strings.Cut(s.set, "=")
			tested[name] = true
			if got := s.at(before); reflect.DeepEqual(got, s.want) {
				t.Errorf("without %s: got %v already", s.set, got)
			}
			if got := s.at(makeOf(t, dir, group.beside+" "+s.set)); !reflect.DeepEqual(got, s.want) {
				t.Errorf("%s: got %v, want %v", s.set, got, s.want)
			}
		}
	}
	for _, line := range (config.Config{}).Lines() {
		name, _, _ := strings.Cut(strings.TrimPrefix(line, config.Prefix), "=")
		if !tested[name] && settingsTestedAlone[name] == nil {
			t.Errorf("nothing says where STOMPGW_%s arrives", name)
		}
	}
}
