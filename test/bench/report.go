package main

import (
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"os"
	"runtime"
	"slices"
	"strings"
)

// spread is the median of some repeats with their extremes.
type spread struct {
	Median float64 `json:"median"`
	Min    float64 `json:"min"`
	Max    float64 `json:"max"`
	N      int     `json:"n"`
}

func spreadOf(v []float64) spread {
	if len(v) == 0 {
		return spread{}
	}
	v = slices.Sorted(slices.Values(v))
	mid := v[len(v)/2]
	if len(v)%2 == 0 {
		mid = (v[len(v)/2-1] + mid) / 2
	}
	return spread{Median: mid, Min: v[0], Max: v[len(v)-1], N: len(v)}
}

// format shows three digits.
func format(x float64) string {
	switch a := math.Abs(x); {
	case a == 0:
		return "0"
	case a >= 100:
		return fmt.Sprintf("%.0f", x)
	case a >= 10:
		return fmt.Sprintf("%.1f", x)
	case a >= 0.1:
		return fmt.Sprintf("%.2f", x)
	}
	return fmt.Sprintf("%.3f", x)
}

// of gives the value of a subject in each repeat, and its ratio to the base. A
// repeat counts once, with the median of its slices; ratios are of one slice.
func (m *measured) of(v value, subject string) (abs, ratio spread) {
	type turn struct{ repeat, slice int }
	base := make(map[turn]float64)
	for _, t := range m.trials[m.figure.base] {
		if t.Err == "" {
			base[turn{t.Repeat, t.Slice}] = v.of(t.Result)
		}
	}
	values, ratios := make(map[int][]float64), make(map[int][]float64)
	for _, t := range m.trials[subject] {
		if t.Err != "" {
			continue
		}
		x := v.of(t.Result)
		values[t.Repeat] = append(values[t.Repeat], x)
		if y := base[turn{t.Repeat, t.Slice}]; y != 0 {
			ratios[t.Repeat] = append(ratios[t.Repeat], x/y)
		}
	}
	return spreadOf(medians(values)), spreadOf(medians(ratios))
}

func medians(repeats map[int][]float64) []float64 {
	var m []float64
	for _, v := range repeats {
		m = append(m, spreadOf(v).Median)
	}
	return m
}

// writeGoals prints how stompgw stands against what is asked of it.
func writeGoals(w io.Writer, all []*measured) {
	head := "| figure | must | goal | measured: median (min–max) | |\n|---|---|---|---|---|\n"
	for _, m := range all {
		for _, v := range m.figure.values {
			if v.must == 0 {
				continue
			}
			s, unit := spread{}, " "+v.unit
			if abs, ratio := m.of(v, cmp.Or(m.figure.judged, "stompgw")); v.ratio {
				s, unit = ratio, " x "+m.figure.base
			} else {
				s = abs
			}
			verdict := judge(s.Median, v.must, v.goal)
			if s.N == 0 || s.Median == 0 {
				verdict = "not measured"
			}
			fmt.Fprintf(w, "%s| %s | ≤ %v%s | ≤ %v%s | %s (%s–%s)%s | %s |\n", head, v.title, v.must, unit, v.goal, unit,
				format(s.Median), format(s.Min), format(s.Max), unit, verdict)
			head = ""
		}
	}
}

func judge(x, must, goal float64) string {
	switch {
	case x <= goal:
		return "goal met"
	case x <= must:
		return "must met"
	}
	return "**missed**"
}

// columns are the subjects that any of the figures has.
func columns(all []*measured) []string {
	var names []string
	for _, m := range all {
		for _, name := range m.figure.subjects {
			if !slices.Contains(names, name) {
				names = append(names, name)
			}
		}
	}
	return names
}

// writeTable prints every value of the subjects given, a column each.
func writeTable(w io.Writer, all []*measured, columns []string) {
	fmt.Fprintf(w, "| median (min–max), x base | %s |\n|---%s|\n", strings.Join(columns, " | "), strings.Repeat("|---", len(columns)))
	for _, m := range all {
		for _, v := range m.figure.values {
			fmt.Fprintf(w, "| %s, %s", v.title, v.unit)
			for _, name := range columns {
				fmt.Fprintf(w, " | %s", m.cell(v, name))
			}
			fmt.Fprintln(w, " |")
		}
	}
}

func (m *measured) cell(v value, name string) string {
	if !slices.Contains(m.figure.subjects, name) {
		return ""
	}
	if err := m.absent[name]; err != nil {
		return "not installed"
	}
	abs, ratio := m.of(v, name)
	if abs.N == 0 {
		return "failed"
	}
	if abs.Max == 0 {
		return "" // the subject does not say
	}
	s := fmt.Sprintf("%s (%s–%s)", format(abs.Median), format(abs.Min), format(abs.Max))
	if name != m.figure.base && ratio.N > 0 {
		s += fmt.Sprintf(" x%.2f", ratio.Median)
	}
	failed := 0
	for _, t := range m.trials[name] {
		if t.Err != "" {
			failed++
		}
	}
	if failed > 0 {
		s += fmt.Sprintf(", %d failed", failed)
	}
	return s
}

// writeNotes says what stood in the way: failures by name, and how busy the
// machine was with other things.
func writeNotes(w io.Writer, all []*measured) {
	var others []float64
	said := make(map[string]bool)
	for _, m := range all {
		for _, name := range m.figure.subjects {
			note := ""
			if err := m.absent[name]; err != nil {
				note = fmt.Sprintf("- %s is missing: %v", name, err)
			}
			for _, r := range m.trials[name] {
				if r.Err != "" {
					note = fmt.Sprintf("- %s, %s failed: %s", m.figure.values[0].title, name, clip(r.Err))
				} else if !m.figure.broker && !m.figure.together {
					others = append(others, 100*r.Result.Others)
				}
			}
			if note != "" && !said[note] {
				said[note] = true
				fmt.Fprintln(w, note)
			}
		}
	}
	if s := spreadOf(others); s.N > 0 {
		fmt.Fprintf(w, "- CPU used by anything else meanwhile: median %s %%, at most %s %% of a core.\n", format(s.Median), format(s.Max))
	}
}

// clip keeps the begin of an error: subjects can be talkative.
func clip(text string) string {
	const most = 160
	if text, _, _ = strings.Cut(text, "\\n"); len(text) > most {
		return text[:most] + "…"
	}
	return text
}

// writeReport prints the whole of it as Markdown.
func writeReport(w io.Writer, all []*measured, parsers parsing, repeats int) {
	fmt.Fprintf(w, "%d repeats, interleaved; %d cores, %s, %s.\n\n", repeats, runtime.NumCPU(), cpuModel(), runtime.Version())
	writeGoals(w, all)
	if t := parsers.table(); t != "" {
		fmt.Fprintf(w, "\n%s", t)
	}
	var relays, broker []*measured
	for _, m := range all {
		if m.figure.broker {
			broker = append(broker, m)
		} else {
			relays = append(relays, m)
		}
	}
	if len(relays) > 0 {
		fmt.Fprintln(w, "\nRatios are to `copy`, the plainest Go TCP proxy.")
		fmt.Fprintln(w)
		writeTable(w, relays, columns(relays))
	}
	if len(broker) > 0 {
		fmt.Fprintln(w, "\nRatios are to RabbitMQ's plain TCP listener, `direct`.")
		fmt.Fprintln(w)
		writeTable(w, broker, columns(broker))
	}
	fmt.Fprintln(w)
	writeNotes(w, all)
}

// writeJSON keeps every run.
func writeJSON(name string, all []*measured) error {
	type entry struct {
		Figure string             `json:"figure"`
		Job    job                `json:"job"`
		Trials map[string][]trial `json:"trials"`
	}
	var out []entry
	for _, m := range all {
		out = append(out, entry{m.figure.values[0].title, m.figure.job, m.trials})
	}
	b, err := json.MarshalIndent(out, "", "  ")
	if err != nil {
		return err
	}
	return os.WriteFile(name, append(b, '\n'), 0o644)
}

func cpuModel() string {
	b, _ := os.ReadFile("/proc/cpuinfo")
	for line := range strings.Lines(string(b)) {
		if name, ok := strings.CutPrefix(line, "model name"); ok {
			return strings.TrimSpace(strings.TrimLeft(name, "\t :"))
		}
	}
	return runtime.GOARCH
}
