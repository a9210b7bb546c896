{{/* A peer: the pods of a component of this release. Scope: dict root, component. */}}
{{- define "hubwright.peer" -}}
- podSelector:
    matchLabels:
      {{- include "hubwright.selector" . | nindent 6 }}
{{- end -}}

{{/* A peer: the scheduler or worker pods of this gateway. Scope: dict root, component. */}}
{{- define "hubwright.daskPeer" -}}
- podSelector:
    matchLabels:
      {{- include "hubwright.daskSelector" . | nindent 6 }}
{{- end -}}

{{/* A peer from values. Helm merges maps, so an ipBlock comes with the default's selectors, and Kubernetes takes
     either. Scope: the peer. */}}
{{- define "hubwright.peerOf" -}}
- {{ ternary (pick . "ipBlock") . (hasKey . "ipBlock") | toYaml | nindent 2 | trim }}
{{- end -}}

{{/* Rules to DNS and to the API server of Kubernetes, which no selector can name. Scope: root. */}}
{{- define "hubwright.toDns" -}}
- to:
  {{- include "hubwright.peerOf" .Values.networkPolicy.dns | nindent 2 }}
  ports:
  - {protocol: UDP, port: 53}
  - {protocol: TCP, port: 53}
{{- end -}}

{{- define "hubwright.toApiServer" -}}
- to:
  {{- range .Values.networkPolicy.apiServer.cidrs }}
  - ipBlock: {cidr: {{ . | quote }}}
  {{- end }}
  ports:
  {{- range .Values.networkPolicy.apiServer.ports }}
  - {protocol: TCP, port: {{ . }}}
  {{- end }}
{{- end -}}

{{/* Rules to the internet without private addresses, and what the hub adds. Scope: root. */}}
{{- define "hubwright.toInternet" -}}
- to:
  - ipBlock:
      cidr: 0.0.0.0/0
      except: {{ toJson .Values.networkPolicy.internetExcept }}
  - ipBlock:
      cidr: "::/0"
      except: ["fc00::/7"]
{{- with .Values.networkPolicy.extraEgress }}
{{ toYaml . }}
{{- end }}
{{- end -}}
