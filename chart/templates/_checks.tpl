{{/* What a schema cannot say. Every fault, each with what to set instead, then one stop. Scope: root. */}}
{{- define "hubwright.checks" -}}
{{- $faults := concat
      (include "hubwright.checks.auth" . | fromYamlArray)
      (include "hubwright.checks.options" . | fromYamlArray)
      (include "hubwright.checks.sizes" . | fromYamlArray)
      (include "hubwright.checks.instanceTypes" . | fromYamlArray)
      (include "hubwright.checks.names" . | fromYamlArray) -}}
{{- if $faults -}}
{{- fail (printf "\n- %s" (join "\n- " $faults)) -}}
{{- end -}}
{{- end -}}

{{- define "hubwright.checks.auth" -}}
{{- $auth := .Values.gateway.auth -}}
{{- $faults := list -}}
{{- if and (eq $auth.type "simple") (not $auth.simple.existingSecret) -}}
{{- $faults = append $faults "gateway.auth.type simple without a password lets everybody run code: set gateway.auth.simple.existingSecret" -}}
{{- end -}}
{{- if and (eq $auth.type "jupyterhub") (not $auth.jupyterhub.serviceName) -}}
{{- $faults = append $faults "without a service name any token of the hub may start clusters: set gateway.auth.jupyterhub.serviceName" -}}
{{- end -}}
{{- toYaml $faults -}}
{{- end -}}

{{- define "hubwright.checks.options" -}}
{{- $idle := .Values.options.idleTimeoutMinutes -}}
{{- $faults := list -}}
{{- if not .Values.options.image -}}
{{- $faults = append $faults "clusters need an image: set options.image" -}}
{{- end -}}
{{- if gt (int $idle.default) (int $idle.max) -}}
{{- $faults = append $faults "options.idleTimeoutMinutes.default is above max: lower it, or raise max" -}}
{{- end -}}
{{- if and (eq (int $idle.default) 0) (not $idle.allowNever) -}}
{{- $faults = append $faults "options.idleTimeoutMinutes.default 0 means never: set 1 or more, or allowNever: true" -}}
{{- end -}}
{{- toYaml $faults -}}
{{- end -}}

{{/* Millicores of a CPU quantity. Scope: the quantity. */}}
{{- define "hubwright.millicores" -}}
{{- $text := toString . -}}
{{- if hasSuffix "m" $text -}}{{ trimSuffix "m" $text | int64 }}{{- else -}}{{ mulf (float64 $text) 1000.0 | int64 }}{{- end -}}
{{- end -}}

{{/* Bytes of a memory quantity. Scope: the quantity. */}}
{{- define "hubwright.bytes" -}}
{{- $text := toString . -}}
{{- $number := regexFind "^[0-9.]+" $text | float64 -}}
{{- $suffix := regexFind "[A-Za-z]*$" $text -}}
{{- $factors := dict "" 1.0 "k" 1e3 "M" 1e6 "G" 1e9 "T" 1e12 "Ki" 1024.0 "Mi" 1048576.0 "Gi" 1073741824.0 "Ti" 1099511627776.0 -}}
{{- mulf $number (get $factors $suffix) | int64 -}}
{{- end -}}

{{- define "hubwright.checks.sizes" -}}
{{- $faults := list -}}
{{- $cpu := .Values.scheduler.cpu -}}
{{- if gt (include "hubwright.millicores" $cpu.request | int64) (include "hubwright.millicores" $cpu.limit | int64) -}}
{{- $faults = append $faults "scheduler.cpu.request is above scheduler.cpu.limit: raise the limit" -}}
{{- end -}}
{{- $memory := .Values.scheduler.memory -}}
{{- if gt (include "hubwright.bytes" $memory.request | int64) (include "hubwright.bytes" $memory.limit | int64) -}}
{{- $faults = append $faults "scheduler.memory.request is above scheduler.memory.limit: raise the limit" -}}
{{- end -}}
{{- toYaml $faults -}}
{{- end -}}

{{- define "hubwright.checks.instanceTypes" -}}
{{- $faults := list -}}
{{- $types := .Values.workers.instanceTypes -}}
{{- if not $types -}}
{{- $faults = append $faults "no machines for workers: set workers.instanceTypes (hubwright generate makes it)" -}}
{{- end -}}
{{- $names := list -}}
{{- range $types -}}
{{- if has .name $names -}}
{{- $faults = append $faults (printf "two workers.instanceTypes are named %s: give each its own name" .name) -}}
{{- end -}}
{{- $names = append $names .name -}}
{{- $labels := list -}}
{{- range .presets -}}
{{- if has .label $labels -}}
{{- $faults = append $faults (printf "two presets are labelled %q: give each its own label" .label) -}}
{{- end -}}
{{- $labels = append $labels .label -}}
{{- if gt (include "hubwright.millicores" .cpuRequest | int64) (include "hubwright.millicores" .cpuLimit | int64) -}}
{{- $faults = append $faults (printf "preset %q asks for more CPU than its limit: raise cpuLimit" .label) -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- toYaml $faults -}}
{{- end -}}

{{- define "hubwright.checks.names" -}}
{{- $faults := list -}}
{{- if gt (len .Release.Namespace) 51 -}}
{{- $faults = append $faults "the namespace has more than 51 characters, which breaks Dask's TCP address: use a shorter one" -}}
{{- end -}}
{{- range $component := list "gateway" "proxy" -}}
{{- $image := (get $.Values $component).image -}}
{{- if not (or $image.tag $image.digest) -}}
{{- $faults = append $faults (printf "the image has neither tag nor digest: set %s.image.tag" $component) -}}
{{- end -}}
{{- end -}}
{{- toYaml $faults -}}
{{- end -}}
