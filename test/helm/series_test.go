package helm

import (
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/promql"
	"github.com/prometheus/prometheus/promql/parser"
	"github.com/prometheus/prometheus/storage"
	"github.com/prometheus/prometheus/tsdb/chunkenc"
	"github.com/prometheus/prometheus/tsdb/chunks"
	"github.com/prometheus/prometheus/util/annotations"
)

// holds evaluates an expression after the last sample of the series, which are
// this release's.
func holds(t *testing.T, engine *promql.Engine, expression string, descriptions []string) bool {
	t.Helper()
	var all memory
	for _, d := range descriptions {
		all = append(all, seriesOf(t, d))
	}
	query, err := engine.NewInstantQuery(t.Context(), all, nil, expression, time.Unix(0, 0).Add(2*time.Hour))
	if err != nil {
		t.Fatal(err)
	}
	defer query.Close()
	vector, err := query.Exec(t.Context()).Vector()
	if err != nil {
		t.Fatal(err)
	}
	return len(vector) > 0
}

// seriesOf reads the notation of Prometheus' own tests: m{} 0+1x3 is 0, 1, 2, 3.
func seriesOf(t *testing.T, description string) storage.Series {
	t.Helper()
	description = strings.Replace(description, "{", `{namespace="web",job="demo-stompgw-metrics",`, 1)
	name, values, err := parser.NewParser(parser.Options{}).ParseSeriesDesc(description)
	if err != nil {
		t.Fatal(err)
	}
	var samples []chunks.Sample
	for minute, v := range values {
		if !v.Omitted {
			samples = append(samples, sample{at: int64(minute) * time.Minute.Milliseconds(), value: v.Value})
		}
	}
	return storage.NewListSeries(name, samples)
}

// sample is a plain number; what the engine asks of histograms it does not have.
type sample struct {
	chunks.Sample // nil
	at            int64
	value         float64
}

func (s sample) T() int64                 { return s.at }
func (s sample) ST() int64                { return 0 }
func (s sample) F() float64               { return s.value }
func (s sample) Type() chunkenc.ValueType { return chunkenc.ValFloat }
func (s sample) Copy() chunks.Sample      { return s }

// memory is a database of a few series.
type memory []storage.Series

func (m memory) Querier(int64, int64) (storage.Querier, error) { return querier{m}, nil }

type querier struct{ memory }

func (q querier) Select(_ context.Context, _ bool, _ *storage.SelectHints, matchers ...*labels.Matcher) storage.SeriesSet {
	var found []storage.Series
	for _, s := range q.memory {
		if !slices.ContainsFunc(matchers, func(m *labels.Matcher) bool { return !m.Matches(s.Labels().Get(m.Name)) }) {
			found = append(found, s)
		}
	}
	return &seriesSet{list: found, at: -1}
}

func (querier) LabelValues(context.Context, string, *storage.LabelHints, ...*labels.Matcher) ([]string, annotations.Annotations, error) {
	return nil, nil, nil
}

func (querier) LabelNames(context.Context, *storage.LabelHints, ...*labels.Matcher) ([]string, annotations.Annotations, error) {
	return nil, nil, nil
}

func (querier) Close() error { return nil }

type seriesSet struct {
	list []storage.Series
	at   int
}

func (s *seriesSet) Next() bool                        { s.at++; return s.at < len(s.list) }
func (s *seriesSet) At() storage.Series                { return s.list[s.at] }
func (s *seriesSet) Err() error                        { return nil }
func (s *seriesSet) Warnings() annotations.Annotations { return nil }
