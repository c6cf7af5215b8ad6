{{/* What several templates share: names, labels, and what the values come to. */}}

{{/* The StatefulSet's name, from which all others are made. Its pods carry it with a hash in a label of 63 letters. */}}
{{- define "quorate.name" -}}
{{- if gt (len .Release.Name) 52 -}}
{{- fail (printf "the release name %s has %d letters; a StatefulSet's name has 52 at most: choose a shorter one" .Release.Name (len .Release.Name)) -}}
{{- end -}}
{{- .Release.Name -}}
{{- end -}}

{{- define "quorate.selector" -}}
app.kubernetes.io/name: quorate
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end -}}

{{- define "quorate.labels" -}}
{{ include "quorate.selector" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ .Chart.Name }}-{{ .Chart.Version }}
{{- end -}}

{{/* Pods of Quorate and of the deployed etcd are told apart by their component. */}}
{{- define "quorate.agentSelector" -}}
{{ include "quorate.selector" . }}
app.kubernetes.io/component: agent
{{- end -}}

{{- define "quorate.etcdSelector" -}}
{{ include "quorate.selector" . }}
app.kubernetes.io/component: etcd
{{- end -}}

{{/* Path and switch of each store, one a line, of those that are on. */}}
{{- define "quorate.storesOn" -}}
{{- $store := .Values.controlPlane.backingStore -}}
{{- if ($store.database.embedded).enabled }}database.embedded {{ end -}}
{{- if ($store.database.external).enabled }}database.external {{ end -}}
{{- if ($store.etcd.embedded).enabled }}etcd.embedded {{ end -}}
{{- if ($store.etcd.external).enabled }}etcd.external {{ end -}}
{{- if ($store.etcd.deploy).enabled }}etcd.deploy {{ end -}}
{{- end -}}

{{/* The one store that is on: etcd.embedded or etcd.deploy; anything else ends here, with the way on. */}}
{{- define "quorate.store" -}}
{{- $on := splitList " " (include "quorate.storesOn" . | trim) -}}
{{- $first := first $on -}}
{{- if gt (len $on) 1 -}}
{{- fail (printf "controlPlane.backingStore: %s are enabled; only one store may be: leave one and set enabled: false on the others" (join " and " $on)) -}}
{{- else if or (eq $first "") (eq $first "database.embedded") -}}
{{- fail "controlPlane.backingStore: the store is the embedded database, which Quorate does not run, and does not migrate yet; turn its etcd on with controlPlane.backingStore.etcd.embedded.enabled: true" -}}
{{- else if not (has $first (list "etcd.embedded" "etcd.deploy")) -}}
{{- fail (printf "controlPlane.backingStore.%s.enabled: this store is run by somebody else, and nothing is left for Quorate; set it to false and controlPlane.backingStore.etcd.embedded.enabled: true" $first) -}}
{{- else if .Values.controlPlane.backingStore.etcd.embedded.migrateFromDeployedEtcd -}}
{{- fail "controlPlane.backingStore.etcd.embedded.migrateFromDeployedEtcd: true asks for a migration, which Quorate does not do yet; it would begin empty: set it to false to begin empty on purpose" -}}
{{- end -}}
{{- $first -}}
{{- end -}}

{{- define "quorate.image" -}}
{{- $image := .Values.quorate.image -}}
{{- with $image.registry }}{{ . }}/{{ end }}{{ $image.repository }}:{{ $image.tag | default .Chart.AppVersion }}
{{- end -}}

{{/* "true" when the volume is a claim. */}}
{{- define "quorate.claimed" -}}
{{- $persistence := .Values.controlPlane.statefulSet.persistence -}}
{{- if or $persistence.volumeClaimTemplates (ne (toString $persistence.volumeClaim.enabled) "false") -}}true{{- end -}}
{{- end -}}

{{/* What the agent reads as /etc/quorate/vcluster.yaml: of the values, the part that is about it. */}}
{{- define "quorate.config" -}}
{{- $set := .Values.controlPlane.statefulSet -}}
{{- $config := dict
    "controlPlane" (dict
      "backingStore" (dict "etcd" (dict "embedded" .Values.controlPlane.backingStore.etcd.embedded))
      "statefulSet" (dict
        "highAvailability" (dict "replicas" $set.highAvailability.replicas)
        "scheduling" (dict "podManagementPolicy" $set.scheduling.podManagementPolicy)
        "persistence" (dict "volumeClaim" (dict "enabled" (eq (include "quorate.claimed" .) "true")))))
    "quorate" (dict
      "settings" .Values.quorate.settings
      "etcd" .Values.quorate.etcd
      "controlPlane" (dict "command" .Values.quorate.controlPlane.command)) -}}
{{- toYaml $config -}}
{{- end -}}

{{/* Changes when the agents must read their file anew. Replicas are not part of it: the agents see them
     in the StatefulSet, and scaling restarts nobody. */}}
{{- define "quorate.configHash" -}}
{{- $config := include "quorate.config" . | fromYaml -}}
{{- $_ := unset $config.controlPlane.statefulSet "highAvailability" -}}
{{- toYaml $config | sha256sum | trunc 16 -}}
{{- end -}}

{{/* A probe of vCluster's values: enabled, and the numbers that are set. */}}
{{- define "quorate.probe" -}}
httpGet:
  path: {{ .path }}
  port: metrics
{{- range $key := list "initialDelaySeconds" "periodSeconds" "timeoutSeconds" "failureThreshold" }}
{{- with index $.probe $key }}
{{ $key }}: {{ int64 . }}
{{- end }}
{{- end }}
{{- end -}}
