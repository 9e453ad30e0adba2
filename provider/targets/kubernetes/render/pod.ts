/** The pod of an App: the Wasm container and its sidecars, with nothing more than they need. */
import type * as k8s from "@pulumi/kubernetes/types/input.js";
import type { Input } from "@pulumi/pulumi";
import type { KubernetesApp, Probe } from "../app.ts";
import { listenPort } from "../calls.ts";
import { runtimes } from "../runtimes.ts";
import { labels, tokens } from "./objects.ts";
import { nameOf } from "./references.ts";
import { runtimeClassName } from "./runtimeClass.ts";
import { containerSecurity, wasmUser } from "./security.ts";
import { sidecarContainers, sidecarVolumes } from "./sidecars.ts";
import { podVolumes, writableFolders } from "./volumes.ts";

/** Images of one Wasm layer have no entry point, and Kubernetes wants one. It is the guest's first argument. */
const command = ["/main.wasm"];

export function podTemplate(app: KubernetesApp): k8s.core.v1.PodTemplateSpec {
  const isService = app.run.kind === "service";
  const { sidecars = [] } = app.block;
  const volumes = [...podVolumes(app), ...sidecarVolumes(sidecars)];
  const hasClaim = Object.values(app.volumes).some(({ claim }) => claim !== undefined);
  return {
    metadata: { labels: labels(app) },
    spec: {
      runtimeClassName: runtimeClassName(app),
      serviceAccountName: app.name,
      automountServiceAccountToken: false,
      enableServiceLinks: false,
      restartPolicy: isService ? "Always" : "Never",
      securityContext: {
        runAsNonRoot: true,
        seccompProfile: { type: "RuntimeDefault" },
        // A claim belongs to root until Kubernetes hands it over.
        ...(hasClaim && { fsGroup: wasmUser, fsGroupChangePolicy: "OnRootMismatch" }),
      },
      ...placement(app),
      containers: [wasmContainer(app), ...sidecarContainers(sidecars)],
      ...(volumes.length > 0 && { volumes }),
    },
  };
}

function placement({ imagePullSecrets, nodeSelector, tolerations }: KubernetesApp) {
  return {
    ...(imagePullSecrets !== undefined && { imagePullSecrets }),
    ...(nodeSelector !== undefined && { nodeSelector }),
    ...(tolerations !== undefined && { tolerations }),
  };
}

function wasmContainer(app: KubernetesApp): k8s.core.v1.Container {
  const envFrom = environmentSources(app);
  const isService = app.run.kind === "service";
  // No shim gives folders to services.
  const mounts = isService ? runtimeMounts(app) : app.volumeMounts;
  return {
    // The name of what tools show first (`kubectl logs`).
    name: "wasm",
    image: app.image,
    command,
    ...(app.arguments !== undefined && { args: app.arguments }),
    ...(isService && serving(app)),
    ...(envFrom.length > 0 && { envFrom }),
    resources: app.resources,
    ...(mounts !== undefined && { volumeMounts: mounts }),
    securityContext: { ...containerSecurity, runAsUser: wasmUser, runAsGroup: wasmUser },
  };
}

function runtimeMounts(app: KubernetesApp): k8s.core.v1.VolumeMount[] | undefined {
  const folders = writableFolders(app).map(({ name, path }) => ({ name, mountPath: path }));
  return folders.length === 0 ? undefined : folders;
}

/** Whole maps, so that neither values nor their number need be known. Names change with values, and pods with names. */
function environmentSources({ environment }: KubernetesApp): k8s.core.v1.EnvFromSource[] {
  return [
    ...(environment.plain === undefined ? [] : [{ configMapRef: { name: nameOf(tokens.configMap) } }]),
    ...(environment.secret === undefined ? [] : [{ secretRef: { name: nameOf(tokens.secret) } }]),
  ];
}

/** Ports below 1024 are closed to those who are not root on some nodes, so each shim is told to take another one. */
function serving({ runtime, block: { probes, drain } }: KubernetesApp): Partial<k8s.core.v1.Container> {
  const { listenVariable } = runtimes[runtime];
  return {
    ...(listenVariable !== undefined && { env: [{ name: listenVariable, value: `0.0.0.0:${listenPort}` }] }),
    ports: [{ name: "http", containerPort: listenPort, protocol: "TCP" }],
    startupProbe: { tcpSocket: { port: "http" }, periodSeconds: 1, failureThreshold: 60 },
    readinessProbe: probe(probes?.readiness),
    livenessProbe: probe(probes?.liveness),
    // The shim ends with the first signal, and requests still come in until all proxies know that the pod is gone.
    lifecycle: { preStop: { sleep: { seconds: drain ?? 5 } } },
  };
}

function probe({ path, period = 10, timeout = 1, failures = 3 }: Probe = {}): k8s.core.v1.Probe {
  return {
    ...action(path),
    periodSeconds: period,
    timeoutSeconds: timeout,
    failureThreshold: failures,
  };
}

function action(path: Input<string> | undefined): k8s.core.v1.Probe {
  return path === undefined ? { tcpSocket: { port: "http" } } : { httpGet: { path, port: "http" } };
}
