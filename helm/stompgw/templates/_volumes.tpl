{{/*
Every volume is mounted as a whole folder: with subPath, a change of the Secret or ConfigMap would never arrive.
*/}}
{{- define "stompgw.volumes" -}}
{{- with .Values.broker.passcodeSecret }}
{{- if .name }}
- name: broker-login
  secret:
    secretName: {{ .name }}
    items:
      - {key: {{ .key }}, path: passcode}
{{- end }}
{{- end }}
{{- with .Values.broker.tls.ca }}
{{- if .secretName }}
- name: broker-ca
  secret:
    secretName: {{ .secretName }}
    items:
      - {key: {{ .key }}, path: ca.crt}
{{- end }}
{{- end }}
{{- with .Values.broker.tls.client.secretName }}
- name: broker-client
  secret:
    secretName: {{ . }}
{{- end }}
{{- with .Values.tls.secretName }}
- name: tls
  secret:
    secretName: {{ . }}
{{- end }}
{{- if .Values.cluster.enabled }}
- name: cluster
  secret:
    secretName: {{ .Values.cluster.secret.name }}
    items:
      - {key: {{ .Values.cluster.secret.key }}, path: secret}
{{- end }}
{{- with include "stompgw.policyConfigMap" . }}
- name: policy
  configMap:
    name: {{ . }}
{{- end }}
{{- with .Values.extraVolumes }}
{{ tpl (toYaml .) $ }}
{{- end }}
{{- end }}

{{- define "stompgw.volumeMounts" -}}
{{- $names := list }}
{{- if .Values.broker.passcodeSecret.name }}{{ $names = append $names "broker-login" }}{{ end }}
{{- if .Values.broker.tls.ca.secretName }}{{ $names = append $names "broker-ca" }}{{ end }}
{{- if .Values.broker.tls.client.secretName }}{{ $names = append $names "broker-client" }}{{ end }}
{{- if .Values.tls.secretName }}{{ $names = append $names "tls" }}{{ end }}
{{- if .Values.cluster.enabled }}{{ $names = append $names "cluster" }}{{ end }}
{{- if include "stompgw.policyConfigMap" . }}{{ $names = append $names "policy" }}{{ end }}
{{- range $names }}
- name: {{ . }}
  mountPath: /etc/stompgw/{{ . }}
  readOnly: true
{{- end }}
{{- with .Values.extraVolumeMounts }}
{{ tpl (toYaml .) $ }}
{{- end }}
{{- end }}
