{{/* Labels by which a component's pods are found; never change after install. Scope: dict root, component. */}}
{{- define "hubwright.selector" -}}
app.kubernetes.io/name: dask-gateway
app.kubernetes.io/instance: {{ .root.Release.Name }}
app.kubernetes.io/component: {{ .component }}
{{- end -}}

{{/* Labels of every object. Scope: dict root, component. */}}
{{- define "hubwright.labels" -}}
{{ include "hubwright.selector" . }}
app.kubernetes.io/version: {{ .root.Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .root.Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .root.Chart.Name .root.Chart.Version | replace "+" "_" }}
{{- with .root.Values.commonLabels }}
{{ toYaml . }}
{{- end }}
{{- end -}}

{{/* metadata of an object. Scope: dict root, component, and name where it is not the component's. */}}
{{- define "hubwright.metadata" -}}
name: {{ include "hubwright.fullname" .root }}-{{ .name | default .component }}
namespace: {{ .root.Release.Namespace }}
labels:
  {{- include "hubwright.labels" . | nindent 2 }}
{{- end -}}

{{/* Labels of the scheduler or worker pods of this gateway's clusters. Scope: dict root, component. */}}
{{- define "hubwright.daskSelector" -}}
gateway.dask.org/instance: {{ include "hubwright.instance" .root }}
app.kubernetes.io/component: dask-{{ .component }}
{{- end -}}
