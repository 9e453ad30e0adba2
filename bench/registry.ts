/** Artifacts into a registry and out of it, beside the commands of others on the same files; what a change sends. */
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { moduleArtifact } from "../provider/artifacts/artifact.ts";
import type { Digest } from "../provider/artifacts/digest.ts";
import { RegistryClient } from "../provider/oci/client.ts";
import { Origins } from "../provider/oci/origins.ts";
import { pushImage, type Transfer } from "../provider/oci/push.ts";
import { wasmArtifact } from "../provider/oci/wasmArtifact.ts";
import { startRegistry } from "../test/cluster/registry.ts";
import { TaskError, taskSignal } from "../tools/task.ts";
import { tool } from "../tools/toolchain/index.ts";
import { run } from "../tools/toolchain/process.ts";
import type { Bench } from "./bench.ts";
import { bundle } from "./bundle.ts";
import { chain, declare, Place } from "./compose.ts";
import type { Figure } from "./figures.ts";
import { interleave, median, ratio, timed } from "./measure.ts";
import { echo, padded } from "./modules.ts";
import { megabytes } from "./processes.ts";

const rounds = 15;
const artifactBytes = 20_000_000;
const mostMegabytes = 120;
const modulesOfApplication = 10;
const moduleBytes = 200_000;

export const registryBench: Bench = {
  name: "registry",
  title: "Registries",
  async run({ folder }) {
    await using registry = await startRegistry();
    return [...(await besideOthers(registry.host, folder)), ...(await whatIsSent(registry.host, folder))];
  },
};

/** Whole commands, from the start of the process to its end. Each push has bytes that the registry has never seen. */
async function besideOthers(host: string, folder: string): Promise<Figure[]> {
  const command = await bundle(new URL("./registryCommand.ts", import.meta.url), folder);
  const [oras, wkg] = [await tool("oras"), await tool("wkg")];
  const peaks: number[] = [];
  const own = async (...args: string[]) => {
    peaks.push(Number((await succeed(process.execPath, [command, ...args])).trim()));
  };
  const files = new Files(folder);
  const pushed = await interleave(rounds, {
    own: async () => {
      const { path } = await files.next();
      return timed(() => own("push", path, `${host}/bench/own`));
    },
    oras: async () => {
      const { name } = await files.next();
      const args = ["push", "--plain-http", `${host}/bench/oras`, `${name}:application/wasm`];
      return timed(() => succeed(oras, args, folder));
    },
    wkg: async () => {
      const { path } = await files.next();
      return timed(() => succeed(wkg, ["oci", "push", `${host}/bench/wkg:latest`, path, "--insecure", host]));
    },
  });
  const digest = await latest(host);
  let pulls = 0;
  const target = () => join(folder, `pulled-${pulls++}`);
  const pulled = await interleave(rounds, {
    own: () => timed(() => own("pull", `${host}/bench/wkg@${digest}`, target())),
    oras: () =>
      timed(() => succeed(oras, ["pull", "--plain-http", `${host}/bench/wkg@${digest}`, "-o", target()])),
    wkg: () =>
      timed(() =>
        succeed(wkg, ["oci", "pull", `${host}/bench/wkg@${digest}`, "-o", target(), "--insecure", host]),
      ),
  });
  const what = `${artifactBytes / 1e6} MB`;
  return [
    ...compared(`Pushing ${what}`, pushed),
    ...compared(`Pulling ${what}`, pulled),
    {
      name: `Most memory of a process that pushes or pulls ${what}`,
      value: megabytes(Math.max(...peaks)),
      unit: "MB",
      atMost: mostMegabytes,
    },
  ];
}

function compared(name: string, samples: Record<"own" | "oras" | "wkg", number[]>): Figure[] {
  return (["oras", "wkg"] as const).map((other) => ({
    name,
    value: ratio(samples.own, samples[other]),
    unit: "times",
    against: `that of ${other}, as whole commands (${Math.round(median(samples[other]))} ms)`,
    atMost: 1,
    samples: { own: samples.own, [other]: samples[other] },
  }));
}

/** Components of one size, no two of the same bytes. */
class Files {
  readonly #folder: string;
  #count = 0;

  constructor(folder: string) {
    this.#folder = folder;
  }

  async next(): Promise<{ name: string; path: string }> {
    const name = `component-${this.#count}.wasm`;
    const path = join(this.#folder, name);
    await writeFile(path, padded(await readFile(echo), artifactBytes, this.#count++));
    return { name, path };
  }
}

async function latest(host: string): Promise<Digest> {
  const client = new RegistryClient();
  const repository = client.repository({ registry: host, repository: "bench/wkg" }, { insecure: true });
  const found = await repository.resolve("latest", { signal: taskSignal });
  await client.close();
  if (!found) throw new TaskError("wkg pushed nothing.");
  return found.digest;
}

async function succeed(program: string, args: string[], cwd?: string): Promise<string> {
  const { code, stdout, errors } = await run(program, args, cwd === undefined ? {} : { cwd });
  if (code !== 0) throw new TaskError(`${program} ${args.join(" ")} failed:\n${errors.join("\n")}`);
  return stdout;
}

/** Ten modules, delivered as one artifact and as ten: what goes over the wire at first, again, and when one has changed. */
async function whatIsSent(host: string, folder: string): Promise<Figure[]> {
  const place = new Place(join(folder, "sent"));
  const client = new RegistryClient();
  const origins = new Origins(join(folder, "sent"));
  const push = async (digest: Digest, name: string): Promise<Transfer> => {
    const inspection = await place.inspector.inspect(digest);
    const repository = client.repository({ registry: host, repository: `bench/${name}` }, { insecure: true });
    const options = { origins, pathOf: (blob: Digest) => place.store.verify(blob) };
    return pushImage(repository, wasmArtifact(inspection), options, { signal: taskSignal });
  };
  const modules = await chain(modulesOfApplication, modulesOfApplication * moduleBytes, 0);
  const [changed = ""] = modules.keys();
  const changedModules = await chain(modulesOfApplication, modulesOfApplication * moduleBytes, 1);
  const after = new Map([...modules, [changed, changedModules.get(changed) ?? Buffer.alloc(0)]]);
  const asOne = async (all: Map<string, Buffer>) =>
    push((await place.composer.compose(await declare(place, all))).digest, "one");
  const asTen = async (all: Map<string, Buffer>) => {
    let bytesSent = 0;
    for (const [name, bytes] of all) {
      const { digest } = await place.store.addBytes(bytes);
      const modules = { main: { artifact: moduleArtifact(digest, "component") } };
      const { digest: sealed } = await place.composer.compose({ modules, access: { main: {} } });
      bytesSent += (await push(sealed, name)).bytesSent;
    }
    return bytesSent;
  };
  try {
    const sizes = `${modulesOfApplication} modules of ${moduleBytes / 1000} kB`;
    return [
      sent(`${sizes} composed into one: sent at first`, (await asOne(modules)).bytesSent),
      { ...sent(`The same again: sent`, (await asOne(modules)).bytesSent), atMost: 0 },
      sent("One of these modules changed: sent", (await asOne(after)).bytesSent),
      sent(`${sizes} as an App each: sent at first`, await asTen(modules)),
      { ...sent("The same again: sent", await asTen(modules)), atMost: 0 },
      sent("One of these Apps changed: sent", await asTen(after)),
    ];
  } finally {
    await client.close();
    await place.close();
  }
}

function sent(name: string, bytes: number): Figure {
  return { name, value: bytes / 1000, unit: "kB" };
}
