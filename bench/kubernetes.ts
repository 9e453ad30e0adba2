/** Many Apps on a real API server, beside the same objects written by hand. */
import { mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { resourcesOf } from "../provider/targets/kubernetes/quantities.ts";
import { render } from "../provider/targets/kubernetes/render/index.ts";
import { faultyRegistry, uploaded } from "../test/cluster/faultyRegistry.ts";
import { startCluster } from "../test/cluster/kubernetes/cluster.ts";
import { withoutAwait } from "../test/cluster/kubernetes/program.ts";
import { startRegistry } from "../test/cluster/registry.ts";
import { tool } from "../tools/toolchain/index.ts";
import type { Bench } from "./bench.ts";
import { Project } from "./engine.ts";
import type { Figure } from "./figures.ts";
import { interleave, median } from "./measure.ts";
import { echo, padded } from "./modules.ts";
import { megabytes } from "./processes.ts";

const count = 200;
const quiet = "--suppress-progress";
const preview = ["preview", quiet];
const up = ["up", "--yes", "--skip-preview", quiet];

interface Phase {
  name: string;
  command: string[];
  rounds: number;
  /** Seconds more than by hand. */
  atMost: number;
  prepare?: (project: Project) => Promise<unknown>;
}

const phases: Phase[] = [
  {
    name: "First preview, no module parsed before",
    command: preview,
    rounds: 3,
    atMost: 1,
    prepare: ({ folder }) => rm(join(folder, "cache"), { recursive: true, force: true }),
  },
  // The Kubernetes provider makes some objects a second, and so the 800 take it minutes.
  { name: "First up", command: up, rounds: 1, atMost: 2 },
  { name: "Up without a change", command: up, rounds: 3, atMost: 1 },
];

export const kubernetesBench: Bench = {
  name: "kubernetes",
  title: `${count} Apps of one module each on a real API server, awaiting switched off, beside the same objects by hand`,
  async run({ folder, plugin }) {
    await using cluster = await startCluster();
    await using registry = await startRegistry();
    await using proxy = await faultyRegistry(registry);
    const namespaces = { own: await cluster.namespace(), byHand: await cluster.namespace() };
    const others = { kubernetes: dirname(await tool("pulumi-resource-kubernetes")) };
    const create = (name: string, program: string) =>
      Project.create(join(folder, name), plugin, `${prelude(cluster.kubeconfig)}${program}`, others);
    // Not destroyed, which would take minutes again: what they made goes with the cluster and the registry.
    const own = await create("own", ownProgram(namespaces.own, proxy.host));
    const byHand = await create("byHand", handProgram);
    await writeModules(join(own.folder, "modules"));
    await writeFile(join(byHand.folder, "objects.json"), JSON.stringify(objects(namespaces.byHand)));
    const figures: Figure[] = [];
    for (const phase of phases) figures.push(await measure(phase, own, byHand));
    const memory = megabytes(await own.peakMemory());
    figures.push(
      { name: "Most memory that the plugin held", value: memory, unit: "MB" },
      ...perApp(await own.state(), "wasm:index:App"),
    );
    const requests = proxy.requests.length;
    await writeModule(join(own.folder, "modules"), 7, count);
    await own.run(...up);
    const deployments = await cluster.api.list("apps/v1", "Deployment", namespaces.own);
    const moved = deployments.filter(({ metadata: { generation = 1 } }) => generation > 1).length;
    const sent = proxy.requests.slice(requests);
    return [
      ...figures,
      { name: "One module changes: pod templates that change", value: moved, unit: "count", atMost: 1 },
      { name: "One module changes: requests to the registry", value: sent.length, unit: "count" },
      { name: "One module changes: bytes of blobs sent", value: uploaded(sent) / 1000, unit: "kB" },
    ];
  },
};

async function measure(
  { name, command, rounds, prepare, atMost }: Phase,
  own: Project,
  byHand: Project,
): Promise<Figure> {
  const subject = (project: Project) => async () => {
    await prepare?.(project);
    return project.run(...command);
  };
  const samples = await interleave(rounds, { byHand: subject(byHand), own: subject(own) }, { warmUp: false });
  const seconds = (times: readonly number[]) => median(times) / 1000;
  return {
    name,
    value: seconds(samples.own) - seconds(samples.byHand),
    unit: "s",
    against: `more than the ${seconds(samples.byHand).toPrecision(3)} s by hand`,
    atMost,
    samples,
  };
}

/** What an App adds to a stack: itself, its children, and what they take in the state. */
function perApp(state: string, type: string): Figure[] {
  const { deployment } = JSON.parse(state) as {
    deployment: { resources: { urn: string; parent?: string }[] };
  };
  const isOf = ({ urn, parent = "" }: { urn: string; parent?: string }) =>
    [urn, parent].some((each) => each.split("::")[2]?.split("$").at(-1) === type);
  const resources = deployment.resources.filter(isOf);
  const bytes = resources.reduce((sum, resource) => sum + JSON.stringify(resource).length, 0);
  return [
    { name: "Children of an App", value: resources.length / count - 1, unit: "count" },
    { name: "State of an App with its children", value: bytes / count / 1000, unit: "kB" },
  ];
}

function prelude(kubeconfig: string): string {
  // The program is JavaScript: the transform's type is left out.
  const transform = withoutAwait.replace(": pulumi.ResourceTransform", "");
  return `
const kubernetes = require("@pulumi/kubernetes");
${transform}
const cluster = new kubernetes.Provider("cluster", { kubeconfig: ${JSON.stringify(kubeconfig)} });
const transforms = [withoutAwait];
`;
}

function ownProgram(namespace: string, registry: string): string {
  return `
const edge = new wasm.EdgeTarget("edge", {
  registry: { push: "${registry}/bench", insecure: true },
  kubernetes: { runtime: "wasmtime", runtimeClassName: "wasmtime-v1", namespace: "${namespace}" },
});
for (let i = 0; i < ${count}; i++) {
  const module = new wasm.Module("module" + i, { file: new pulumi.asset.FileAsset("modules/" + i + ".wasm") });
  const callers = [{ namespace: "web" }];
  new wasm.App("app" + i, { artifact: module.artifact, target: edge.target, kubernetes: { callers } }, { providers: [cluster], transforms });
}
`;
}

const handProgram = `
const classes = {
  ServiceAccount: kubernetes.core.v1.ServiceAccount,
  NetworkPolicy: kubernetes.networking.v1.NetworkPolicy,
  Deployment: kubernetes.apps.v1.Deployment,
  Service: kubernetes.core.v1.Service,
};
for (const object of require("./objects.json"))
  new classes[object.kind](object.metadata.name, object, { provider: cluster, transforms });
`;

/** The same objects as an App has. */
function objects(namespace: string) {
  return Array.from({ length: count }, (_, i) =>
    render({
      name: `app${i}`,
      namespace,
      runtime: "wasmtime",
      runtimeClass: { name: "wasmtime-v1" },
      image: `registry.example/bench/app${i}@sha256:${"0".repeat(64)}`,
      artifact: `sha256:${"0".repeat(64)}`,
      modules: JSON.stringify({ main: `sha256:${"0".repeat(64)}` }),
      run: { kind: "service" },
      resources: resourcesOf(),
      environment: {},
      volumes: {},
      block: { callers: [{ namespace: "web" }] },
    }).map(({ inputs }) => inputs),
  ).flat();
}

/** Modules that differ in their bytes, of a usual size. */
async function writeModules(folder: string): Promise<void> {
  await mkdir(folder);
  for (let i = 0; i < count; i++) await writeModule(folder, i, i);
}

async function writeModule(folder: string, index: number, mark: number): Promise<void> {
  const module = await readFile(echo);
  await writeFile(join(folder, `${index}.wasm`), padded(module, module.length + 100, mark));
}
