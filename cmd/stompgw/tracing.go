package main

import (
	"context"
	"fmt"
	"strings"
	"time"

	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracehttp"
	"go.opentelemetry.io/otel/sdk/resource"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"
	"go.uber.org/zap"
)

// spans is where traces go to.
type spans struct{ provider *sdktrace.TracerProvider }

// tracingWanted tells whether OpenTelemetry's own variables ask for traces, and
// whether for such as can be had here.
func tracingWanted(environ []string) (bool, error) {
	vars := map[string]string{}
	for _, pair := range environ {
		if name, value, _ := strings.Cut(pair, "="); strings.HasPrefix(name, "OTEL_") {
			vars[name] = strings.TrimSpace(value)
		}
	}
	exporter := vars["OTEL_TRACES_EXPORTER"]
	wanted := vars["OTEL_EXPORTER_OTLP_ENDPOINT"] != "" || vars["OTEL_EXPORTER_OTLP_TRACES_ENDPOINT"] != "" || exporter == "otlp"
	if !wanted || strings.EqualFold(vars["OTEL_SDK_DISABLED"], "true") || exporter == "none" {
		return false, nil
	}
	var w wrong
	if exporter != "" && exporter != "otlp" {
		w.add(fmt.Errorf("OTEL_TRACES_EXPORTER=%q: expected otlp or none", exporter))
	}
	for _, name := range []string{"OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "OTEL_EXPORTER_OTLP_PROTOCOL"} {
		if protocol := vars[name]; protocol != "" && protocol != "http/protobuf" {
			w.add(fmt.Errorf("%s=%q: expected http/protobuf", name, protocol))
		}
	}
	return len(w) == 0, w.err()
}

// startTracing sets tracing up as OpenTelemetry's own variables say, which its
// SDK reads for itself. Where they do not ask for it, spans are nil.
func startTracing(environ []string, log *zap.Logger) (*spans, error) {
	if wanted, err := tracingWanted(environ); !wanted {
		return nil, err
	}
	ctx := context.Background() // nothing waits yet: the exporter connects when it has spans
	exporter, err := otlptracehttp.New(ctx)
	if err != nil {
		return nil, fmt.Errorf("set up tracing: %w", err)
	}
	about, err := resource.New(ctx, resource.WithTelemetrySDK(),
		resource.WithAttributes(attribute.String("service.name", "stompgw"), attribute.String("service.version", buildVersion())),
		resource.WithFromEnv()) // the last wins
	if err != nil {
		return nil, fmt.Errorf("set up tracing: %w", err)
	}
	otel.SetErrorHandler(otel.ErrorHandlerFunc(func(err error) { log.Warn("tracing", zap.Error(err)) }))
	return &spans{sdktrace.NewTracerProvider(sdktrace.WithBatcher(exporter), sdktrace.WithResource(about))}, nil
}

// tracer gives what makes spans; nil where there is no tracing.
func (s *spans) tracer() trace.Tracer {
	if s == nil {
		return nil
	}
	return s.provider.Tracer("github.com/stompgw/stompgw")
}

// flushTimeout is how long the last spans may take to be sent.
const flushTimeout = 5 * time.Second

// stop sends what is left.
func (s *spans) stop(log *zap.Logger) {
	if s == nil {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), flushTimeout)
	defer cancel()
	if err := s.provider.Shutdown(ctx); err != nil {
		log.Warn("tracing", zap.Error(err))
	}
}
