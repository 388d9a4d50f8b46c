// Package helm tests the chart and the examples of docs/ without a cluster: it
// renders them, decodes every object strictly into its Kubernetes type, gives
// the variables to the gateway's own configuration, and looks for the metrics of
// rules and dashboard in what a running gateway shows. It is a module of its own
// because Helm and the Kubernetes types are heavy.
package helm
