{{/* metadata of a component's pods. Without the chart's version: a pod restarts when what it runs changes, and a
     restarted proxy costs users their connections. Scope: dict root, component. */}}
{{- define "hubwright.podMetadata" -}}
{{- $values := get .root.Values .component -}}
labels:
  {{- include "hubwright.selector" . | nindent 2 }}
  {{- with .root.Values.commonLabels }}
  {{- toYaml . | nindent 2 }}
  {{- end }}
  {{- with $values.podLabels }}
  {{- toYaml . | nindent 2 }}
  {{- end }}
{{- $annotations := dict -}}
{{- if ne .component "proxy" -}}
{{- $config := include (print .root.Template.BasePath "/gateway/configmap.yaml") .root -}}
{{- $_ := set $annotations "checksum/config" (sha256sum $config) -}}
{{- end -}}
{{- with merge $annotations $values.podAnnotations }}
annotations:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end -}}

{{/* What the pods of all components share: account, security, placement, secrets. Scope: dict root, component. */}}
{{- define "hubwright.podSpec" -}}
{{- $values := get .root.Values .component -}}
serviceAccountName: {{ include "hubwright.serviceAccountName" . }}
automountServiceAccountToken: true
securityContext:
  runAsNonRoot: true
  runAsUser: 1000
  runAsGroup: 1000
  fsGroup: 1000
  seccompProfile: {type: RuntimeDefault}
{{- include "hubwright.pullSecrets" . }}
{{- include "hubwright.placement" $values }}
{{- end -}}

{{/* The controller runs the gateway's image with the gateway's secrets. Scope: dict root, component. */}}
{{- define "hubwright.pullSecrets" -}}
{{- $owner := eq .component "proxy" | ternary .root.Values.proxy .root.Values.gateway -}}
{{- with $owner.imagePullSecrets }}
imagePullSecrets:
{{- range . }}
- name: {{ . }}
{{- end }}
{{- end }}
{{- end -}}

{{/* Where pods go. Scope: a component's values. */}}
{{- define "hubwright.placement" -}}
{{- range $key := list "priorityClassName" "nodeSelector" "affinity" "tolerations" "topologySpreadConstraints" }}
{{- with get $ $key }}
{{ $key }}: {{ toYaml . | nindent 2 }}
{{- end }}
{{- end }}
{{- end -}}

{{/* Restricted container security. Scope: none. */}}
{{- define "hubwright.containerSecurity" -}}
securityContext:
  allowPrivilegeEscalation: false
  readOnlyRootFilesystem: true
  capabilities: {drop: [ALL]}
{{- end -}}

{{/* Variables of both Python components. Scope: dict root, component. */}}
{{- define "hubwright.pythonEnv" -}}
- name: DASK_GATEWAY_INSTANCE
  value: {{ include "hubwright.instance" .root | quote }}
- name: PYTHONPATH
  value: /etc/dask-gateway
- name: PYTHONDONTWRITEBYTECODE
  value: "1"
{{- with (get .root.Values .component).extraEnv }}
{{ toYaml . }}
{{- end }}
{{- end -}}

{{/* Mounts and volumes of both Python components. */}}
{{- define "hubwright.pythonMounts" -}}
volumeMounts:
- {name: config, mountPath: /etc/dask-gateway, readOnly: true}
- {name: tmp, mountPath: /tmp}
{{- end -}}

{{- define "hubwright.pythonVolumes" -}}
volumes:
- name: config
  configMap: {name: {{ include "hubwright.fullname" . }}-config}
- name: tmp
  emptyDir: {}
{{- end -}}

{{/* A component's own Role, ServiceAccount and RoleBinding are separate files; this is the binding. Scope: dict root, component. */}}
{{- define "hubwright.roleBinding" -}}
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata:
  {{- include "hubwright.metadata" . | nindent 2 }}
roleRef:
  apiGroup: rbac.authorization.k8s.io
  kind: Role
  name: {{ include "hubwright.fullname" .root }}-{{ .component }}
subjects:
- kind: ServiceAccount
  name: {{ include "hubwright.serviceAccountName" . }}
  namespace: {{ .root.Release.Namespace }}
{{- end -}}

{{- define "hubwright.serviceAccount" -}}
{{- $account := (get .root.Values .component).serviceAccount -}}
{{- if $account.create -}}
apiVersion: v1
kind: ServiceAccount
metadata:
  name: {{ include "hubwright.serviceAccountName" . }}
  namespace: {{ .root.Release.Namespace }}
  labels:
    {{- include "hubwright.labels" . | nindent 4 }}
  {{- with $account.annotations }}
  annotations:
    {{- toYaml . | nindent 4 }}
  {{- end }}
automountServiceAccountToken: false
{{- end }}
{{- end -}}

{{- define "hubwright.podDisruptionBudget" -}}
{{- $values := get .root.Values .component -}}
{{- if gt (int $values.replicas) 1 -}}
apiVersion: policy/v1
kind: PodDisruptionBudget
metadata:
  {{- include "hubwright.metadata" . | nindent 2 }}
spec:
  {{- toYaml $values.podDisruptionBudget | nindent 2 }}
  selector:
    matchLabels:
      {{- include "hubwright.selector" . | nindent 6 }}
{{- end }}
{{- end -}}
