{{/*
stompgw.alerts gives the alert rules as a YAML list. Every metric here exists, and every reason: a test asks a gateway.
*/}}
{{- define "stompgw.alerts" -}}
{{- $series := include "stompgw.series" . }}
{{- $v := .Values.metrics.prometheusRule }}
- alert: StompgwNoMetrics
  expr: absent(stompgw_build_info{ {{- $series -}} })
  for: 5m
  labels: {severity: critical}
  annotations:
    summary: No gateway is scraped
    description: Either no stompgw runs, or Prometheus does not reach its admin port (networkPolicy.adminFrom).
- alert: StompgwNoBroker
  expr: max by (pod) (stompgw_broker_up{ {{- $series -}} }) == 0
  for: 1m
  labels: {severity: critical}
  annotations:
    summary: {{ `'{{ $labels.pod }} reaches no broker'` }}
    description: It is not ready, and sessions that it still gets end as broker_unavailable. The log says why, at "broker not reached".
{{- /* One of several may be down for long without being tried, so what it was at last says little. */}}
- alert: StompgwBrokerDown
  expr: |-
    sum by (endpoint) (increase(stompgw_broker_dial_failures_total{ {{- $series -}} }[5m])) > 0
    unless sum by (endpoint) (increase(stompgw_broker_dial_seconds_count{ {{- $series -}} }[5m])) > 0
  for: 2m
  labels: {severity: warning}
  annotations:
    summary: {{ `'Broker {{ $labels.endpoint }} cannot be reached'` }}
    description: Every attempt in the last five minutes failed. The log says why, at "broker not reached".
- alert: StompgwBrokerLost
  expr: sum(increase(stompgw_session_ends_total{reason=~"broker_lost|broker_unavailable", {{- $series -}} }[5m])) > 10
  for: 5m
  labels: {severity: warning}
  annotations:
    summary: Sessions end because of the broker
    description: {{ `'{{ $value | humanize }} sessions in five minutes lost their broker or found none. The cause is in the log.'` }}
{{- range list
  (list "StompgwRefusalsRising" "stompgw_handshakes_refused_total" "reason" "handshakes are refused")
  (list "StompgwIdentitiesRefusedRising" "stompgw_identities_refused_total" "code" "clients are not who they say")
  (list "StompgwDenialsRising" "stompgw_frames_denied_total" "code" "frames are denied by the policy") }}
{{- $now := printf "sum by (%s) (rate(%s{%s}[5m]))" (index . 2) (index . 1) $series }}
{{- $before := printf "sum by (%s) (rate(%s{%s}[1h] offset 10m))" (index . 2) (index . 1) $series }}
- alert: {{ index . 0 }}
  expr: |-
    {{ $now }} > {{ $v.refusedPerSecond }}
    unless {{ $now }}
      <= 3 * {{ $before }}
  for: 5m
  labels: {severity: warning}
  annotations:
    summary: '{{ printf "More %s: {{ $labels.%s }}" (index . 3) (index . 2) }}'
    description: {{ `'{{ $value | humanize }} a second, three times what it was an hour before. docs/errors.md says what the word means.'` }}
{{- end }}
- alert: StompgwSlowClients
  expr: sum(increase(stompgw_session_ends_total{reason="slow_client", {{- $series -}} }[10m])) > {{ $v.slowClientsPer10m }}
  labels: {severity: warning}
  annotations:
    summary: Clients do not read what they subscribed to
    description: {{ `'{{ $value | humanize }} sessions in ten minutes were closed as slow_client.'` }}
- alert: StompgwBrokerSlow
  expr: |-
    sum by (pod) (rate(stompgw_backpressure_seconds_total{to="broker", {{- $series -}} }[5m]))
      > 0.1 * sum by (pod) (stompgw_sessions{ {{- $series -}} })
  for: 10m
  labels: {severity: warning}
  annotations:
    summary: The broker holds up its publishers
    description: Sessions wait for the broker for more than a tenth of the time. It may be short of memory or disk.
- alert: StompgwDraining
  expr: max by (pod) (max_over_time(stompgw_draining{ {{- $series -}} }[10m])) == 1
  labels: {severity: info}
  annotations:
    summary: {{ `'{{ $labels.pod }} goes away, or has'` }}
    description: Expected in an upgrade or when scaling down; otherwise something keeps ending gateways.
- alert: StompgwNearSessionLimit
  expr: sum by (pod) (stompgw_sessions{ {{- $series -}} }) > {{ $v.nearLimit }} * sum by (pod) (stompgw_sessions_limit{ {{- $series -}} })
  for: 5m
  labels: {severity: warning}
  annotations:
    summary: {{ `'{{ $labels.pod }} has {{ $value | humanize }} sessions'` }}
    description: At STOMPGW_MAX_SESSIONS new ones are refused with 503. Add replicas or raise the limit.
- alert: StompgwNearDescriptorLimit
  expr: process_open_fds{ {{- $series -}} } > {{ $v.nearLimit }} * process_max_fds{ {{- $series -}} }
  for: 5m
  labels: {severity: warning}
  annotations:
    summary: {{ `'{{ $labels.pod }} is short of file descriptors'` }}
    description: A session takes two. Raise the limit of the container runtime, or add replicas.
- alert: StompgwClusterParted
  expr: |-
    sum by (pod) (stompgw_cluster_peers{state="ready", {{- $series -}} })
      < scalar(count(stompgw_draining{ {{- $series -}} } == 0)) - 1
  for: 5m
  labels: {severity: warning}
  annotations:
    summary: {{ `'{{ $labels.pod }} does not know all other gateways of its cluster'` }}
    description: SockJS sessions over HTTP are lost between them. Their secrets may differ, or a NetworkPolicy be in the way; the logs say more.
- alert: StompgwReloadFailed
  expr: |-
    sum by (pod) (increase(stompgw_policy_reloads_total{result="failed", {{- $series -}} }[1h])) > 0
    or sum by (pod) (increase(stompgw_tls_reloads_total{result="failed", {{- $series -}} }[1h])) > 0
  labels: {severity: warning}
  annotations:
    summary: {{ `'{{ $labels.pod }} did not take in a change'` }}
    description: The policy or the certificate that was there before still holds. The log says what is wrong with the new one.
- alert: StompgwCertificateExpires
  expr: min by (pod) (stompgw_tls_certificate_expiry_timestamp_seconds{ {{- $series -}} }) - time() < 7 * 86400
  for: 10m
  labels: {severity: warning}
  annotations:
    summary: {{ `'The certificate for browsers runs out in {{ $value | humanizeDuration }}'` }}
    description: A new one in its Secret is taken in without a restart.
- alert: StompgwAuditLost
  expr: sum by (pod) (increase(stompgw_audit_lines_lost_total{ {{- $series -}} }[10m])) > 0
  labels: {severity: warning}
  annotations:
    summary: {{ `'{{ $labels.pod }} loses lines of the audit log'` }}
    description: It is written too slowly, or cannot be.
- alert: StompgwInternalError
  expr: sum(increase(stompgw_session_ends_total{reason="internal", {{- $series -}} }[10m])) > 0
  labels: {severity: warning}
  annotations:
    summary: A session ended by a bug of the gateway
    description: Please report it with the log's "panic in session".
{{- end }}
