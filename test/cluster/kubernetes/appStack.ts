/** What the tests of Apps on Kubernetes share: a namespace of the run's cluster, a registry, and a stack that uses both. */
import { changed, type Outcome, type Workspace } from "../../engine/workspace.ts";
import { type Registry, startRegistry } from "../registry.ts";
import type { Cluster } from "./access.ts";
import type { KubernetesObject } from "./apiClient.ts";
import { kubernetesWorkspace, writeKubernetesProgram } from "./program.ts";
import { sharedCluster } from "./shared.ts";

/** Groups of the kinds that an App is made of; those of the core group are left out. */
const apiVersions: Record<string, string> = {
  Deployment: "apps/v1",
  Job: "batch/v1",
  CronJob: "batch/v1",
  NetworkPolicy: "networking.k8s.io/v1",
  Ingress: "networking.k8s.io/v1",
  PodDisruptionBudget: "policy/v1",
  HorizontalPodAutoscaler: "autoscaling/v2",
  HTTPRoute: "gateway.networking.k8s.io/v1",
  RuntimeClass: "node.k8s.io/v1",
};

interface Options {
  /** Instead of the administrator's. */
  kubeconfig?: string;
  /** See `Place` in program.ts. */
  dryRun?: boolean;
}

export class AppStack {
  readonly cluster: Cluster;
  readonly registry: Registry;
  readonly namespace: string;
  readonly workspace: Workspace;
  readonly #cluster: AsyncDisposable;

  private constructor(
    cluster: Cluster & AsyncDisposable,
    registry: Registry,
    namespace: string,
    workspace: Workspace,
  ) {
    this.cluster = cluster;
    this.#cluster = cluster;
    this.registry = registry;
    this.namespace = namespace;
    this.workspace = workspace;
  }

  /** @param cluster default: the run's */
  static async start(cluster?: Cluster & AsyncDisposable): Promise<AppStack> {
    const running = cluster ?? (await sharedCluster());
    const namespace = await running.namespace();
    return new AppStack(running, await startRegistry(), namespace, await kubernetesWorkspace());
  }

  /** Destroys the stack, and stops what was started. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.workspace.remove();
    await this.registry.stop();
    await this.#cluster[Symbol.asyncDispose]();
  }

  /** Makes `body` the program; beside what program.ts gives, it has `registry`, the one of an EdgeTarget. */
  async write(body: string, { kubeconfig = this.cluster.kubeconfig, dryRun = false }: Options = {}) {
    const registry = { push: `${this.registry.host}/acme`, pull: "registry.internal/acme", insecure: true };
    await writeKubernetesProgram(
      this.workspace,
      { kubeconfig, namespace: this.namespace, dryRun },
      `const registry = ${JSON.stringify(registry)};\n${body}`,
    );
  }

  reference(kind: string, name = "shop") {
    return {
      apiVersion: apiVersions[kind] ?? "v1",
      kind,
      metadata: { name, namespace: this.namespace },
    };
  }

  async read(kind: string, name?: string): Promise<KubernetesObject | undefined> {
    return this.cluster.api.read(this.reference(kind, name));
  }

  async list(kind: string): Promise<KubernetesObject[]> {
    return this.cluster.api.list(apiVersions[kind] ?? "v1", kind, this.namespace);
  }

  /** What the last run gave as `names`: by kind. */
  async names(): Promise<Record<string, string>> {
    return (await this.workspace.outputs()).names as Record<string, string>;
  }
}

/** What a run did, in no order: the engine works on what it can at the same time. */
export function operations(outcome: Outcome): string[] {
  return changed(outcome)
    .map(({ op, type, name }) => `${op} ${type.split(":").at(-1)} ${name}`)
    .toSorted();
}
