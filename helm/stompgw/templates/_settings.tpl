{{/*
stompgw.settings gives the gateway's variables that the chart sets, without their prefix, as one YAML map.
*/}}
{{- define "stompgw.settings" -}}
{{- $set := dict
  "LISTEN" ":8080"
  "ADMIN_LISTEN" ":9090"
  "BROKERS" (join "," .Values.brokers)
  "PATHS" (join "," .Values.paths)
  "ORIGINS" (join "," .Values.origins)
  "DRAIN_DELAY" .Values.drain.delay
  "DRAIN_SPREAD" .Values.drain.spread
  "DRAIN_TIMEOUT" .Values.drain.timeout }}
{{- with .Values.trustedProxies }}{{ $_ := set $set "TRUSTED_PROXIES" (join "," .) }}{{ end }}
{{- with .Values.broker.login }}{{ $_ := set $set "BROKER_LOGIN" . }}{{ end }}
{{- with .Values.broker.host }}{{ $_ := set $set "BROKER_HOST" . }}{{ end }}
{{- if .Values.broker.passcodeSecret.name }}{{ $_ := set $set "BROKER_PASSCODE_FILE" "/etc/stompgw/broker-login/passcode" }}{{ end }}
{{- with .Values.broker.tls.serverName }}{{ $_ := set $set "BROKER_TLS_SERVER_NAME" . }}{{ end }}
{{- if .Values.broker.tls.ca.secretName }}{{ $_ := set $set "BROKER_TLS_CA_FILE" "/etc/stompgw/broker-ca/ca.crt" }}{{ end }}
{{- if .Values.broker.tls.client.secretName }}
{{- $_ := set $set "BROKER_TLS_CERT_FILE" "/etc/stompgw/broker-client/tls.crt" }}
{{- $_ := set $set "BROKER_TLS_KEY_FILE" "/etc/stompgw/broker-client/tls.key" }}
{{- end }}
{{- if .Values.tls.secretName }}
{{- $_ := set $set "TLS_CERT_FILE" "/etc/stompgw/tls/tls.crt" }}
{{- $_ := set $set "TLS_KEY_FILE" "/etc/stompgw/tls/tls.key" }}
{{- end }}
{{- if .Values.cluster.enabled }}
{{- $_ := set $set "CLUSTER_LISTEN" ":7946" }}
{{- $_ := set $set "CLUSTER_PEERS" (printf "dns:%s-cluster.%s.svc:7946" (include "stompgw.fullname" .) .Release.Namespace) }}
{{- $_ := set $set "CLUSTER_SECRET_FILE" "/etc/stompgw/cluster/secret" }}
{{- end }}
{{- if include "stompgw.policyConfigMap" . }}{{ $_ := set $set "POLICY_FILE" (printf "/etc/stompgw/policy/%s" .Values.policy.key) }}{{ end }}
{{- range $name, $value := .Values.settings }}
{{- if hasKey $set $name }}
{{- fail (printf "settings.%s: the chart sets STOMPGW_%s itself, by another value; see values.yaml" $name $name) }}
{{- end }}
{{- $_ := set $set $name (ternary (printf "%v" $value) (printf "%d" (int64 $value)) (kindIs "string" $value | or (kindIs "bool" $value))) }}
{{- end }}
{{- range .Values.extraEnv }}
{{- if hasKey $set (trimPrefix "STOMPGW_" .name) | and (hasPrefix "STOMPGW_" .name) }}
{{- fail (printf "extraEnv: %s is set by the chart already, by another value; see values.yaml" .name) }}
{{- end }}
{{- end }}
{{- toYaml $set }}
{{- end }}

{{/* stompgw.policyConfigMap gives the name of the policy's ConfigMap, nothing where there is no policy. */}}
{{- define "stompgw.policyConfigMap" -}}
{{- if .Values.policy.existingConfigMap }}{{ .Values.policy.existingConfigMap }}
{{- else if .Values.policy.inline }}{{ include "stompgw.fullname" . }}-policy
{{- end }}
{{- end }}

{{/* stompgw.brokerPorts gives the ports of the brokers, one a line. */}}
{{- define "stompgw.brokerPorts" -}}
{{- range .Values.brokers }}
{{ regexFind ":[0-9]+$" . | trimPrefix ":" | default (ternary "61614" "61613" (hasPrefix "tls://" .)) }}
{{- end }}
{{- end }}
