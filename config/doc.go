// Package config parses and validates the environment into plain values and
// redacts secrets.
//
// [Parse] reports every mistake at once, as [Mistakes]. [Reference] is the
// Markdown table of docs/configuration.md. No other package reads the
// environment.
package config
