/** What a change costs on the wire, counted by a proxy before the registry. */
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Value } from "../provider/values.ts";
import { faultyRegistry, uploaded } from "../test/cluster/faultyRegistry.ts";
import { chain } from "./compose.ts";
import type { Figure } from "./figures.ts";
import { RunningPlugin } from "./runningPlugin.ts";

const modulesOfApplication = 10;
const moduleBytes = 200_000;

type Modules = Map<string, Buffer>;

interface Sent {
  blobs: number;
  /** With manifests; of bodies, as all of it. */
  all: number;
}

/** Ten modules, as one artifact and as ten: what goes over the wire at first, again, and when one of them has changed. */
export async function whatIsSent(url: string, folder: string, script: string): Promise<Figure[]> {
  await using proxy = await faultyRegistry({ url });
  await using plugin = await RunningPlugin.start({
    script,
    cache: join(folder, "sent"),
    host: proxy.host,
  });
  let seen = 0;
  const counted = async (work: () => Promise<unknown>): Promise<Sent> => {
    await work();
    const requests = proxy.requests.slice(seen);
    seen = proxy.requests.length;
    return { blobs: uploaded(requests), all: requests.reduce((sum, { received }) => sum + received, 0) };
  };
  const asOne = (modules: Modules) => async () => {
    const artifacts = await artifactsOf(plugin, folder, modules);
    await plugin.push(await composed(plugin, artifacts), `${proxy.host}/bench/one`);
  };
  const asTen = (modules: Modules) => async () => {
    for (const [name, artifact] of await artifactsOf(plugin, folder, modules)) {
      const sealed = await composed(plugin, new Map([["main", artifact]]));
      await plugin.push(sealed, `${proxy.host}/bench/${name}`);
    }
  };
  const before = await chain(modulesOfApplication, modulesOfApplication * moduleBytes, 0);
  const after = await oneChanged(before);
  const sizes = `${modulesOfApplication} modules of ${moduleBytes / 1000} kB`;
  return [
    ...figuresOf(`${sizes} composed into one, at first`, await counted(asOne(before))),
    ...figuresOf("The same again", await counted(asOne(before)), 0),
    ...figuresOf("One of these modules changed", await counted(asOne(after))),
    ...figuresOf(`${sizes} as an App each, at first`, await counted(asTen(before))),
    ...figuresOf("The same again", await counted(asTen(before)), 0),
    ...figuresOf("One of these Apps changed", await counted(asTen(after))),
  ];
}

/** The same modules, but for the bytes of the first. */
async function oneChanged(modules: Modules): Promise<Modules> {
  const others = await chain(modulesOfApplication, modulesOfApplication * moduleBytes, 1);
  const [first = ""] = modules.keys();
  return new Map([...modules, [first, others.get(first) ?? Buffer.alloc(0)]]);
}

async function artifactsOf(
  plugin: RunningPlugin,
  folder: string,
  modules: Modules,
): Promise<Map<string, Value>> {
  const artifacts = new Map<string, Value>();
  for (const [name, bytes] of modules) {
    const path = join(folder, `${name}.wasm`);
    await writeFile(path, bytes);
    artifacts.set(name, await plugin.artifactOf(path));
  }
  return artifacts;
}

/** @returns the `artifact` of a Composition */
async function composed(plugin: RunningPlugin, artifacts: Map<string, Value>): Promise<Value> {
  const entries = [...artifacts].map(([name, artifact]): [string, Value] => [name, { artifact }]);
  const modules = Object.fromEntries(entries);
  const { artifact = null } = await plugin.create("wasm:index:Composition", { modules });
  return artifact;
}

function figuresOf(name: string, { blobs, all }: Sent, atMost?: number): Figure[] {
  return [
    { name: `${name}: blobs sent`, value: blobs / 1000, unit: "kB", ...(atMost !== undefined && { atMost }) },
    { name: `${name}: sent in all`, value: all / 1000, unit: "kB" },
  ];
}
