/**
 * An App as it is rendered: its shape is plain, its leaves are `Input`s that rendering only passes on. So whatever is secret, or not
 * known before the update, stays what it is.
 */
import type * as k8s from "@pulumi/kubernetes/types/input.js";
import type { Input } from "@pulumi/pulumi";
import type * as z from "zod";
import type { Unknown } from "../../schema/fields.ts";
import type { kubernetesAppFields, volumeSourceShape } from "./appFields.ts";
import type { RuntimeName } from "./runtimes.ts";

/** Checked fields with `Input`s for leaves. Lists and objects are plain; where one is not known yet, nothing can be rendered. */
export type InputsOf<T> = undefined extends T
  ? Leaves<Exclude<T, Unknown | undefined>> | undefined
  : Leaves<Exclude<T, Unknown>>;

type Leaves<T> = [T] extends [string | number | boolean]
  ? Input<T>
  : T extends readonly (infer Item)[]
    ? readonly InputsOf<Item>[]
    : { readonly [Key in keyof T]: InputsOf<T[Key]> };

/** What an App says for Kubernetes alone. */
export type KubernetesBlock = Leaves<z.output<typeof kubernetesAppFields>>;
export type Caller = NonNullable<KubernetesBlock["callers"]>[number];
export type Probe = NonNullable<NonNullable<KubernetesBlock["probes"]>["readiness"]>;
export type Sidecar = NonNullable<KubernetesBlock["sidecars"]>[number];
export type VolumeSource = Leaves<z.output<z.ZodObject<typeof volumeSourceShape>>>;

export interface KubernetesApp {
  /** The App's own, which most objects have. See `names.ts`. */
  name: string;
  /** Absent: the one of the Kubernetes provider. */
  namespace?: Input<string>;
  runtime: RuntimeName;
  /** One of the cluster, or one of the App's own for what the nodes' containerd calls the runtime. */
  runtimeClass: { name: Input<string> } | { handler: Input<string> };
  /** By digest: `registry.example/acme/shop@sha256:…`. */
  image: Input<string>;
  /** Digest of the artifact, for people and policies. */
  artifact: Input<string>;
  /** Digests of its modules by name, as JSON. */
  modules: Input<string>;
  run: { kind: "service" } | { kind: "job" } | { kind: "schedule"; schedule: Input<string> };
  /** Of a command, each as `literalArgument` writes it. Those of `block` are not read. */
  arguments?: Input<Input<string>[]>;
  /** Absent: one. Not used beside `autoscaling`. */
  replicas?: Input<number>;
  /** See `resourcesOf`. */
  resources: Input<k8s.core.v1.ResourceRequirements>;
  /** Whole maps of what is bound, by the host's keys. Values of `secret` are in Base64. Absent: there are none. */
  environment: {
    plain?: Input<Record<string, Input<string>>>;
    secret?: Input<Record<string, Input<string>>>;
  };
  /** What is bound to the volumes that grants name. */
  volumes: Readonly<Record<string, VolumeSource>>;
  /** `volumeMounts` of the rules. */
  volumeMounts?: Input<Input<k8s.core.v1.VolumeMount>[]> | undefined;
  /** `egressRules` of the rules. */
  egress?: Input<Input<k8s.networking.v1.NetworkPolicyEgressRule>[]> | undefined;
  hostname?: Input<string>;
  /** Beginnings of paths. Absent: all. */
  routes?: readonly Input<string>[];
  imagePullSecrets?: Input<Input<k8s.core.v1.LocalObjectReference>[]>;
  nodeSelector?: Input<Record<string, Input<string>>>;
  tolerations?: Input<Input<k8s.core.v1.Toleration>[]>;
  /** Whole seconds that a job may take: the App's `limits.time`. */
  deadline?: Input<number>;
  /** How long a Gateway waits for an answer, as `gatewayDuration` writes it: the App's `limits.time`. */
  routeTimeout?: Input<string>;
  /** For the label `app.kubernetes.io/part-of`. */
  partOf?: string;
  block: KubernetesBlock;
}

/** An object to be registered as a child: all that the construct side needs to do so. */
export interface RenderedChild {
  /** `kubernetes:apps/v1:Deployment`. */
  token: string;
  /** Of the resource: the App's, with what it is behind it where a token occurs twice. Stable for ever, for it is the identity. */
  name: string;
  /** With `apiVersion` and `kind`. May hold references to other children: see `references.ts`. */
  inputs: KubernetesObject;
  /** Tokens of children that must be there first, beside those that `inputs` refers to. */
  dependsOn: readonly string[];
  /** Outputs that are secret whatever the provider says. */
  secretOutputs: readonly string[];
  /** Inputs that a server does not change, where the Kubernetes provider does not know that by itself. */
  replaceOnChanges: readonly string[];
}

export interface KubernetesObject {
  apiVersion: string;
  kind: string;
  metadata: k8s.meta.v1.ObjectMeta;
  [key: string]: unknown;
}
