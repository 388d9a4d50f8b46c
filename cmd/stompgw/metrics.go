package main

import (
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"

	"github.com/stompgw/stompgw/broker"
)

// registerMetrics adds the figures that are not the gateway package's own. Each
// has its line in docs/metrics.md, which a test writes.
func (s *server) registerMetrics() {
	draining := prometheus.NewGaugeFunc(prometheus.GaugeOpts{Namespace: "stompgw", Name: "draining",
		Help: "1 from the signal to stop on: not ready, and after STOMPGW_DRAIN_DELAY ending its sessions."}, func() float64 {
		return gaugeOf(s.draining.Load())
	})
	s.registry.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}),
		buildInfo(), draining, brokerCollector{s.brokers})
}

func buildInfo() prometheus.Collector {
	info := prometheus.NewGauge(prometheus.GaugeOpts{Namespace: "stompgw", Name: "build_info",
		Help: "Always 1; the version is in the label.", ConstLabels: prometheus.Labels{"version": buildVersion()}})
	info.Set(1)
	return info
}

// brokerCollector shows which endpoints are up.
type brokerCollector struct{ brokers *broker.Set }

var brokerUpDesc = prometheus.NewDesc("stompgw_broker_up",
	"1 where the latest attempt to reach the endpoint succeeded, or there was none; 0 where it failed, or CONNECT was not answered.", []string{"endpoint"}, nil)

// Describe implements prometheus.Collector.
func (c brokerCollector) Describe(out chan<- *prometheus.Desc) { out <- brokerUpDesc }

// Collect implements prometheus.Collector.
func (c brokerCollector) Collect(out chan<- prometheus.Metric) {
	for _, state := range c.brokers.States() {
		out <- prometheus.MustNewConstMetric(brokerUpDesc, prometheus.GaugeValue, gaugeOf(state.Up), state.Endpoint)
	}
}

func gaugeOf(on bool) float64 {
	if on {
		return 1
	}
	return 0
}
