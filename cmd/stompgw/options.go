package main

import (
	"fmt"
	"io"
	"net/http"
	"time"

	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"

	"github.com/stompgw/stompgw/broker"
	"github.com/stompgw/stompgw/config"
	"github.com/stompgw/stompgw/frameinspect"
	"github.com/stompgw/stompgw/gateway"
	"github.com/stompgw/stompgw/sockjs"
)

// sockJSOptions does the same for SockJS; nil is off.
func sockJSOptions(c config.SockJS) *sockjs.Options {
	if !c.On {
		return nil
	}
	o := &sockjs.Options{
		ClientURL:       c.ClientURL,
		HeartBeat:       c.HeartBeat,
		DisconnectDelay: c.DisconnectDelay,
		StreamLimit:     int(c.StreamLimit),
		Buffer:          int(c.Buffer),
		MaxPost:         int(c.MaxPost),
	}
	for _, t := range c.Transports {
		o.Transports = append(o.Transports, string(t))
	}
	if c.Cookie != config.CookieOff {
		o.Cookie = &sockjs.Cookie{Secure: c.Cookie == config.CookieSecure, HTTPOnly: c.CookieHTTPOnly, SameSite: sameSites[c.CookieSameSite]}
		if o.Cookie.SameSite == http.SameSiteNoneMode && !o.Cookie.Secure {
			o.Cookie.SameSite = 0 // browsers would refuse the cookie
		}
	}
	return o
}

var sameSites = map[config.SameSite]http.SameSite{
	config.SameSiteNone:   http.SameSiteNoneMode,
	config.SameSiteLax:    http.SameSiteLaxMode,
	config.SameSiteStrict: http.SameSiteStrictMode,
}

// gatewayOptions says in the gateway's words what the configuration says.
func gatewayOptions(c config.Config) gateway.Options {
	return gateway.Options{
		Origins:        originPolicy(c.Origin),
		TrustedProxies: c.Origin.TrustedProxies,
		Credentials: gateway.Credentials{
			Login:             c.Credentials.Login,
			Passcode:          c.Credentials.Passcode.Reveal(),
			Host:              c.Credentials.Host,
			AllowMissingLogin: c.Credentials.AllowMissing,
		},
		MessageType:  messageTypes[c.Frames.MessageType],
		CloseOnError: c.Frames.CloseOnError,
		KeepErrors:   c.Frames.KeepErrors,

		ClientHeartBeat: frameinspect.HeartBeat(c.HeartBeats.Client),
		BrokerHeartBeat: frameinspect.HeartBeat(c.HeartBeats.Broker),
		PingInterval:    c.HeartBeats.PingInterval,

		ConnectTimeout:    c.Timeouts.Connect,
		LoginTimeout:      c.Timeouts.Login,
		FirstFrameTimeout: c.Timeouts.FirstFrame,
		IdleTimeout:       c.Timeouts.Idle,
		FrameTimeout:      c.Timeouts.Frame,
		DisconnectTimeout: c.Timeouts.Disconnect,
		CloseTimeout:      c.Timeouts.Close,
		SlowClientTimeout: c.Timeouts.SlowClient,

		MaxSessions:        c.Limits.Sessions,
		MaxSessionsPerIP:   c.Limits.SessionsPerIP,
		MaxHeadBeforeLogin: int(c.Limits.HeadBeforeLogin),
		MaxHead:            int(c.Limits.Head),
		MaxHeaders:         c.Limits.Headers,
		MaxBody:            int64(c.Limits.Body),

		FrameTraces: frameTraces[c.Tracing.Frames],

		LoginQueue: loginQueue(c.Broker),
		SockJS:     sockJSOptions(c.SockJS),
	}
}

// loginQueue gives the queue for logins; nil is none.
func loginQueue(c config.Broker) *broker.Queue {
	if c.ConnectRate == 0 {
		return nil
	}
	return broker.NewQueue(loginPace(c))
}

func loginPace(c config.Broker) broker.Pace {
	return broker.Pace{Rate: c.ConnectRate, AtOnce: c.ConnectAtOnce, MaxWait: c.ConnectWait}
}

var messageTypes = map[config.MessageType]gateway.MessageType{
	config.MessageAuto:   gateway.AutoMessages,
	config.MessageText:   gateway.TextMessages,
	config.MessageBinary: gateway.BinaryMessages,
}

var frameTraces = map[config.FrameTraces]gateway.FrameTraces{
	config.FrameTracesOff:      gateway.NoFrameTraces,
	config.FrameTracesContinue: gateway.ContinueTraces,
	config.FrameTracesRestart:  gateway.RestartTraces,
}

func originPolicy(c config.Origin) gateway.OriginPolicy {
	p := gateway.OriginPolicy{Any: c.Allowed.Any, Same: c.Allowed.Same, Exact: c.Allowed.Exact, Null: c.AllowNull, Missing: c.AllowMissing}
	for _, s := range c.Allowed.Subdomains {
		p.Subdomains = append(p.Subdomains, gateway.Subdomains(s))
	}
	return p
}

// newBrokers makes the set of brokers that the configuration names. failed is told
// of files that changed and are not good.
func newBrokers(c config.Config, onDial func(string, time.Duration, error), failed func(error)) (*broker.Set, error) {
	o, err := brokerOptions(c, failed)
	if err != nil {
		return nil, err
	}
	o.OnDial = onDial
	return broker.New(o)
}

func brokerOptions(c config.Config, failed func(error)) (broker.Options, error) {
	dialect, ok := broker.ParseDialect(string(c.Credentials.Dialect))
	if !ok {
		return broker.Options{}, fmt.Errorf("unknown dialect %q", c.Credentials.Dialect)
	}
	o := broker.Options{
		DialTimeout: c.Broker.DialTimeout,
		BackoffMin:  c.Broker.BackoffMin,
		BackoffMax:  c.Broker.BackoffMax,
		WriteLimit:  c.Timeouts.SlowBroker,
		Dialect:     dialect,

		ProxyProtocol: c.Broker.ProxyProtocol == config.ProxyProtocolV2,
	}
	for _, e := range c.Broker.Endpoints {
		o.Endpoints = append(o.Endpoints, broker.Endpoint(e))
	}
	files := tlsFiles{whose: "the brokers", ca: c.BrokerTLS.CAFile, cert: c.BrokerTLS.CertFile, key: c.BrokerTLS.KeyFile}
	secure, err := newClientTLS(files, c.BrokerTLS.ServerName, failed)
	if err != nil {
		return broker.Options{}, err
	}
	o.TLS = secure.config
	return o, nil
}

// newLogger makes the log that the configuration asks for. Its level can be
// changed at any time.
func newLogger(c config.Log, w io.Writer) (*zap.Logger, zap.AtomicLevel, error) {
	level, err := zap.ParseAtomicLevel(string(c.Level))
	if err != nil {
		return nil, level, err
	}
	conf := zap.NewProductionEncoderConfig()
	conf.EncodeTime = zapcore.RFC3339NanoTimeEncoder
	conf.EncodeDuration = zapcore.SecondsDurationEncoder
	conf.TimeKey = "time"
	encoder := zapcore.NewJSONEncoder(conf)
	if c.Format == config.LogConsole {
		conf.EncodeTime = zapcore.TimeEncoderOfLayout("15:04:05.000")
		conf.EncodeDuration = zapcore.StringDurationEncoder
		encoder = zapcore.NewConsoleEncoder(conf)
	}
	return zap.New(zapcore.NewCore(encoder, zapcore.Lock(zapcore.AddSync(w)), level)), level, nil
}
