{{- define "mqttgrid.selector" -}}
app.kubernetes.io/name: mqttgrid-operator
{{- end }}

{{- define "mqttgrid.labels" -}}
app.kubernetes.io/part-of: mqttgrid
app.kubernetes.io/instance: {{ .Release.Name }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version }}
{{- end }}

{{- define "mqttgrid.image" -}}
{{- if .Values.image.digest -}}
{{ .Values.image.repository }}@{{ .Values.image.digest }}
{{- else -}}
{{ .Values.image.repository }}:{{ .Values.image.tag | default .Chart.AppVersion }}
{{- end -}}
{{- end }}

{{- define "mqttgrid.arguments" -}}
- operator
{{- with .Values.logLevel }}
- --log-level={{ . }}
{{- end }}
{{- with .Values.limits.mqttNamespacesMax }}
- --mqtt-namespaces-max={{ int . }}
{{- end }}
{{- with .Values.limits.apiCallsInFlight }}
- --api-calls-in-flight={{ int . }}
{{- end }}
{{- with .Values.limits.apiWritesPerSecond }}
- --api-writes-per-second={{ int . }}
{{- end }}
{{- with .Values.extraArgs }}
{{ toYaml . }}
{{- end }}
{{- end }}
