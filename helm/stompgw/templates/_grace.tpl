{{/* stompgw.seconds turns a Go duration into seconds: (list "1m30s" "drain.timeout") gives 90. */}}
{{- define "stompgw.seconds" -}}
{{- $sum := 0.0 }}
{{- $units := dict "ms" 0.001 "s" 1.0 "m" 60.0 "h" 3600.0 }}
{{- if not (regexMatch "^(0|([0-9]+([.][0-9]+)?(ms|s|m|h))+)$" (index . 0)) }}
{{- fail (printf "%s=%q: expected a duration such as 30s or 1m30s" (index . 1) (index . 0)) }}
{{- end }}
{{- range regexFindAll "[0-9]+([.][0-9]+)?(ms|s|m|h)" (index . 0) -1 }}
{{- $sum = addf $sum (mulf (regexFind "^[0-9.]+" . | float64) (get $units (regexFind "[a-z]+$" .))) }}
{{- end }}
{{- $sum }}
{{- end }}

{{/*
stompgw.grace proves that the kubelet waits for longer than the gateway takes to drain, and gives the seconds. The
timeout is the hard end of a drain, counted from SIGTERM: delay and spread are inside it.
*/}}
{{- define "stompgw.grace" -}}
{{- $d := .Values.drain }}
{{- $delay := include "stompgw.seconds" (list $d.delay "drain.delay") | float64 }}
{{- $spread := include "stompgw.seconds" (list $d.spread "drain.spread") | float64 }}
{{- $timeout := include "stompgw.seconds" (list $d.timeout "drain.timeout") | float64 }}
{{- if gt (addf $delay $spread) $timeout }}
{{- fail (printf "drain.timeout=%s: expected no less than drain.delay (%s) and drain.spread (%s) together" $d.timeout $d.delay $d.spread) }}
{{- end }}
{{- $needed := addf .Values.preStopSleepSeconds $timeout }}
{{- if le (float64 .Values.terminationGracePeriodSeconds) $needed }}
{{- fail (printf "terminationGracePeriodSeconds=%d: expected more than preStopSleepSeconds (%d) and drain.timeout (%s) together, or sessions are cut off by SIGKILL" (int64 .Values.terminationGracePeriodSeconds) (int64 .Values.preStopSleepSeconds) $d.timeout) }}
{{- end }}
{{- int64 .Values.terminationGracePeriodSeconds }}
{{- end }}
