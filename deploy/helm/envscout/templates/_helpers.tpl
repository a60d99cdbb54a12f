{{- define "envscout.name" -}}
{{- if contains "envscout" .Release.Name }}{{ .Release.Name | trunc 50 | trimSuffix "-" }}{{ else }}{{ printf "%s-envscout" .Release.Name | trunc 50 | trimSuffix "-" }}{{ end }}
{{- end }}

{{- /* By what a Deployment, a Service and a policy find pods: (list ROOT COMPONENT). It never changes. */}}
{{- define "envscout.selector" -}}
app.kubernetes.io/name: envscout
app.kubernetes.io/instance: {{ (index . 0).Release.Name }}
app.kubernetes.io/component: {{ index . 1 }}
{{- end }}

{{- define "envscout.labels" -}}
{{ include "envscout.selector" . }}
app.kubernetes.io/version: {{ (index . 0).Chart.AppVersion | quote }}
{{- end }}

{{- /* (list ROOT COMPONENT SUFFIX-OF-THE-NAME) */}}
{{- define "envscout.metadata" -}}
name: {{ include "envscout.name" (index . 0) }}{{ index . 2 }}
namespace: {{ (index . 0).Release.Namespace }}
labels:
  {{- include "envscout.labels" . | nindent 2 }}
{{- end }}

{{- define "envscout.image" -}}
{{- with .Values.image }}
{{- if .digest }}{{ .repository }}@{{ .digest }}{{ else }}{{ .repository }}:{{ .tag | default $.Chart.AppVersion }}{{ end }}
{{- end }}
{{- end }}

{{- define "envscout.scheme" -}}
{{ if .Values.tls.existingSecret }}https{{ else }}http{{ end }}
{{- end }}

{{- define "envscout.address" -}}
{{- $name := include "envscout.name" . }}
{{- if .Values.watcher.server }}{{ .Values.watcher.server }}
{{- else if .Values.tls.existingSecret }}https://{{ $name }}.{{ .Release.Namespace }}.svc:{{ .Values.service.port }}
{{- else }}http://{{ $name }}:{{ .Values.service.port }}
{{- end }}
{{- end }}

{{- /* The volume with the certificates that vouch for the server that the watcher tells; "" for the usual ones. */}}
{{- define "envscout.watcher.ca" -}}
{{- $watcher := .Values.watcher }}{{ $given := $watcher.serverCa }}
{{- $tls := .Values.tls.existingSecret }}
{{- if or $given.existingSecret $given.existingConfigMap }}
{{- if not (or $watcher.server $tls) }}
{{- fail "watcher.serverCa vouches for a server that speaks TLS: set watcher.server, or tls.existingSecret" }}
{{- end }}
{{- if $given.existingSecret -}}
secret:
  secretName: {{ $given.existingSecret }}
{{- else -}}
configMap:
  name: {{ $given.existingConfigMap }}
{{- end }}
  items:
    - {key: {{ $given.key | quote }}, path: ca.crt}
{{- else if and $tls (not $watcher.server) -}}
secret:
  secretName: {{ $tls }}
  items:
    - {key: ca.crt, path: ca.crt}
{{- end }}
{{- end }}

{{- define "envscout.watcher.ports" -}}
{{- $ports := list }}
{{- range .Values.watcher.ports }}{{ $ports = append $ports (toString .) }}{{ end }}
{{- with .Values.watcher.server }}
{{- $ports = append $ports (regexFind "[0-9]*$" (regexFind ":[0-9]+$" (urlParse .).host) | default "443") }}
{{- end }}
{{- range uniq $ports }}
- {protocol: TCP, port: {{ . }}}
{{- end }}
{{- end }}

{{- /* What the pods of all components have in common. */}}
{{- define "envscout.pod" -}}
enableServiceLinks: false
terminationGracePeriodSeconds: 70
{{- with .Values.imagePullSecrets }}
imagePullSecrets:
  {{- toYaml . | nindent 2 }}
{{- end }}
securityContext:
  runAsNonRoot: true
  runAsUser: 10001
  runAsGroup: 10001
  fsGroup: 10001
  seccompProfile:
    type: RuntimeDefault
{{- with .Values.nodeSelector }}
nodeSelector:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.tolerations }}
tolerations:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end }}

{{- define "envscout.container" -}}
image: {{ include "envscout.image" . | quote }}
imagePullPolicy: {{ .Values.image.pullPolicy }}
securityContext:
  allowPrivilegeEscalation: false
  readOnlyRootFilesystem: true
  capabilities:
    drop: [ALL]
{{- end }}

{{- /* Where server and workers find the store, and what they are told beside it. */}}
{{- define "envscout.told" -}}
envFrom:
  - configMapRef:
      name: {{ include "envscout.name" . }}
env:
  - name: ENVSCOUT_STORE
    valueFrom:
      secretKeyRef:
        name: {{ .Values.database.existingSecret }}
        key: store
  - name: PGPASSWORD
    valueFrom:
      secretKeyRef:
        name: {{ .Values.database.existingSecret }}
        key: password
        optional: true
  - name: PGSSLROOTCERT
    value: /run/secrets/envscout-database/ca.crt
{{- with .Values.oidc.existingSecret }}
  - name: ENVSCOUT_OIDC_CLIENT_SECRET
    valueFrom:
      secretKeyRef:
        name: {{ . }}
        key: oidc_client_secret
{{- end }}
{{- end }}

{{- /* The root is read-only: all that is written is here, and goes with the pod. */}}
{{- define "envscout.mounts" -}}
- name: home
  mountPath: /var/lib/envscout
- name: tmp
  mountPath: /tmp
{{- end }}

{{- define "envscout.volumes" -}}
- name: home
  emptyDir: {}
- name: tmp
  emptyDir: {}
{{- end }}

{{- define "envscout.database.mount" -}}
- name: database
  mountPath: /run/secrets/envscout-database
  readOnly: true
{{- end }}

{{- /* The certificates that vouch for the database, where the Secret has any. */}}
{{- define "envscout.database.volume" -}}
- name: database
  secret:
    secretName: {{ .Values.database.existingSecret }}
    defaultMode: 0440
    optional: true
    items:
      - {key: ca.crt, path: ca.crt}
{{- end }}

{{- define "envscout.spread" -}}
topologySpreadConstraints:
  - maxSkew: 1
    topologyKey: kubernetes.io/hostname
    whenUnsatisfiable: ScheduleAnyway
    labelSelector:
      matchLabels:
        {{- include "envscout.selector" . | nindent 8 }}
{{- end }}

{{- define "envscout.dns" -}}
- ports:
    - {protocol: UDP, port: 53}
    - {protocol: TCP, port: 53}
{{- end }}

{{- /* Where server and workers go. What is local to a link answers nobody: there a cloud hands out credentials. */}}
{{- define "envscout.outgoing" -}}
{{ include "envscout.dns" . }}
- ports:
    - {protocol: TCP, port: {{ .Values.database.port }}}
{{- /* A rule that names no port would let out to all of them. */}}
{{- with .Values.networkPolicy.ports }}
- to:
    - ipBlock: {cidr: 0.0.0.0/0, except: [169.254.0.0/16]}
    - ipBlock: {cidr: "::/0", except: ["fe80::/10", "fd00:ec2::254/128"]}
  ports:
    {{- range . }}
    - {protocol: TCP, port: {{ . }}}
    {{- end }}
{{- end }}
{{- with .Values.networkPolicy.extraEgress }}
{{ toYaml . }}
{{- end }}
{{- end }}

{{- /* (list ROOT COMPONENT) of the two that scale. */}}
{{- define "envscout.autoscaler" -}}
{{- $root := index . 0 }}{{ $component := index . 1 }}
{{- with (index $root.Values $component).autoscaling }}
apiVersion: autoscaling/v2
kind: HorizontalPodAutoscaler
metadata:
  {{- include "envscout.metadata" (list $root $component (print "-" $component)) | nindent 2 }}
spec:
  scaleTargetRef:
    apiVersion: apps/v1
    kind: Deployment
    name: {{ include "envscout.name" $root }}-{{ $component }}
  minReplicas: {{ .minReplicas }}
  maxReplicas: {{ .maxReplicas }}
  metrics:
    - type: Resource
      resource:
        name: cpu
        target:
          type: Utilization
          averageUtilization: {{ .cpuPercent }}
{{- end }}
{{- end }}

{{- define "envscout.disruption" -}}
{{- $root := index . 0 }}{{ $component := index . 1 }}
apiVersion: policy/v1
kind: PodDisruptionBudget
metadata:
  {{- include "envscout.metadata" (list $root $component (print "-" $component)) | nindent 2 }}
spec:
  maxUnavailable: 1
  selector:
    matchLabels:
      {{- include "envscout.selector" . | nindent 6 }}
{{- end }}
