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

{{/* The syntax of vCluster 0.19 and older; the program names the new form of each key. */}}
{{- define "quorate.refuseFormer" -}}
{{- range $former, $now := dict
    "embeddedEtcd" "controlPlane.backingStore.etcd.embedded"
    "syncer" "controlPlane"
    "storage" "controlPlane.statefulSet.persistence.volumeClaim"
    "etcd" "controlPlane.backingStore.etcd.deploy" -}}
{{- if hasKey $.Values $former -}}
{{- fail (printf "%s: is now %s; that is the syntax of vCluster 0.19 and older, which `vcluster convert config` rewrites" $former $now) -}}
{{- end -}}
{{- end -}}
{{- end -}}

{{/* The one store that is on: etcd.embedded or etcd.deploy; anything else ends here, with the way on. */}}
{{- define "quorate.store" -}}
{{- include "quorate.refuseFormer" . -}}
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

{{- define "quorate.deployedCertificates" -}}
{{- .Values.quorate.deployedEtcd.certificates | default (printf "%s-certs" .Release.Name) -}}
{{- end -}}

{{/* The claim named data, from a volumeClaim of the values. */}}
{{- define "quorate.claim" -}}
- metadata:
    name: data
  spec:
    accessModes:
      {{- toYaml .accessModes | nindent 6 }}
    {{- with .storageClass }}
    storageClassName: {{ . }}
    {{- end }}
    resources:
      requests:
        storage: {{ .size }}
{{- end -}}

{{/* Where pods may run: as `scheduling` says; unsaid, replicas prefer different nodes and zones, and run
     where there is room rather than not at all. */}}
{{- define "quorate.scheduling" -}}
{{- with .scheduling.priorityClassName -}}
priorityClassName: {{ . }}
{{ end -}}
{{- with .scheduling.nodeSelector -}}
nodeSelector:
  {{- toYaml . | nindent 2 }}
{{ end -}}
{{- with .scheduling.tolerations -}}
tolerations:
  {{- toYaml . | nindent 2 }}
{{ end -}}
affinity:
  {{- with .scheduling.affinity }}
  {{- toYaml . | nindent 2 }}
  {{- else }}
  podAntiAffinity:
    preferredDuringSchedulingIgnoredDuringExecution:
      - weight: 100
        podAffinityTerm:
          topologyKey: kubernetes.io/hostname
          labelSelector:
            matchLabels:
              {{- .selector | nindent 14 }}
  {{- end }}
topologySpreadConstraints:
  {{- with .scheduling.topologySpreadConstraints }}
  {{- toYaml . | nindent 2 }}
  {{- else }}
  - maxSkew: 1
    topologyKey: topology.kubernetes.io/zone
    whenUnsatisfiable: ScheduleAnyway
    labelSelector:
      matchLabels:
        {{- .selector | nindent 8 }}
  {{- end }}
{{- end -}}

{{/* The restricted profile, with what the values add to it. */}}
{{- define "quorate.podSecurity" -}}
{{- toYaml (mergeOverwrite (dict "runAsNonRoot" true "runAsUser" 65532 "runAsGroup" 65532 "fsGroup" 65532
    "fsGroupChangePolicy" "OnRootMismatch" "seccompProfile" (dict "type" "RuntimeDefault")) .) -}}
{{- end -}}

{{- define "quorate.containerSecurity" -}}
{{- toYaml (mergeOverwrite (dict "allowPrivilegeEscalation" false "readOnlyRootFilesystem" true
    "capabilities" (dict "drop" (list "ALL"))) .) -}}
{{- end -}}

{{/* What the agent reads as /etc/quorate/vcluster.yaml: of the values, the part that is about it. */}}
{{- define "quorate.config" -}}
{{- $set := .Values.controlPlane.statefulSet -}}
{{- /* The command stands in the pod, where Kubernetes replaces $(NAME); of variables the names are enough. */ -}}
{{- $named := list -}}
{{- range .Values.quorate.controlPlane.env -}}
{{- $named = append $named (dict "name" .name) -}}
{{- end -}}
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
      "controlPlane" (dict "env" $named)) -}}
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
