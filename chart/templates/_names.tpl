{{/* Name in front of every object. Scope: root. */}}
{{- define "hubwright.fullname" -}}
{{- $base := .Values.nameOverride | default "dask-gateway" -}}
{{- $own := contains $base .Release.Name | ternary .Release.Name (printf "%s-%s" .Release.Name $base) -}}
{{- .Values.fullnameOverride | default $own | trunc 50 | trimSuffix "-" -}}
{{- end -}}

{{/* Mark of everything this gateway makes, unique in the Kubernetes cluster; a label value. Scope: root. */}}
{{- define "hubwright.instance" -}}
{{- $name := printf "%s.%s" .Release.Namespace (include "hubwright.fullname" .) -}}
{{- if gt (len $name) 63 -}}
{{- printf "%s-%s" ($name | trunc 54 | trimSuffix "-" | trimSuffix ".") ($name | sha256sum | trunc 8) -}}
{{- else -}}
{{- $name -}}
{{- end -}}
{{- end -}}

{{/* Service account of a component. Scope: dict root, component. */}}
{{- define "hubwright.serviceAccountName" -}}
{{- $account := (get .root.Values .component).serviceAccount -}}
{{- $own := printf "%s-%s" (include "hubwright.fullname" .root) .component -}}
{{- $account.name | default ($account.create | ternary $own "default") -}}
{{- end -}}

{{/* Image reference of an image map. Scope: repository, tag, digest. */}}
{{- define "hubwright.image" -}}
{{- .repository -}}
{{- with .tag }}:{{ . }}{{ end -}}
{{- with .digest }}@{{ . }}{{ end -}}
{{- end -}}
