/** Pushes and pulls as the engine has them made: by a plugin that it has started, which serves the whole of a run. */
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { type Digest, hexOf } from "../provider/artifacts/digest.ts";
import { toStruct } from "../provider/protocol/errors.ts";
import {
  Asset,
  decodeProperties,
  encodeProperties,
  type Properties,
  type Value,
  type WireProperties,
} from "../provider/values.ts";
import { Client } from "./client.ts";
import type { Figure } from "./figures.ts";
import { interleave, timed } from "./measure.ts";
import { megabytes, peakBytes, startPlugin } from "./processes.ts";
import type { RegistryPlace } from "./registryCommands.ts";
import { artifactSize, besideOthers, goals } from "./registryOthers.ts";

const rounds = 15;

/** A plugin at work, with a cache of its own. */
export class Engine implements AsyncDisposable {
  readonly cache: string;
  readonly client: Client;
  readonly #process: Awaited<ReturnType<typeof startPlugin>>;

  private constructor(cache: string, process: Awaited<ReturnType<typeof startPlugin>>) {
    this.cache = cache;
    this.#process = process;
    this.client = new Client(process.port);
  }

  /** @param host of the registry, which speaks plain HTTP */
  static async start(plugin: string, cache: string, host: string): Promise<Engine> {
    const engine = new Engine(cache, await startPlugin(plugin, { env: { PULUMI_WASM_CACHE: cache } }));
    const registries = JSON.stringify({ [host]: { insecure: true } });
    await engine.client.configure(toStruct(encodeProperties({ registries })));
    return engine;
  }

  /** A Module of a file: its bytes are in the cache afterwards. */
  module(path: string): Promise<Properties> {
    return this.create("wasm:index:Module", { file: new Asset({ path }) });
  }

  /** @param artifact an `artifact` output */
  image(artifact: Value, repository: string): Promise<Properties> {
    return this.create("wasm:index:Image", { artifact, repository });
  }

  /** @returns the outputs */
  async create(type: string, inputs: Properties): Promise<Properties> {
    const outputs = await this.client.create(type, toStruct(encodeProperties(inputs)));
    return decodeProperties((outputs?.toJavaScript() ?? {}) as WireProperties);
  }

  /** The most memory that the plugin has held, in bytes. */
  peak(): Promise<number> {
    return peakBytes(this.#process.child.pid ?? 0);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.client[Symbol.dispose]();
    await this.#process[Symbol.asyncDispose]();
  }
}

export async function asTheEngine(place: RegistryPlace, plugin: string): Promise<Figure[]> {
  const pushing = await Engine.start(plugin, join(place.folder, "pushing"), place.host);
  await using _pushing = pushing;
  await using pulling = await Engine.start(plugin, join(place.folder, "pulling"), place.host);
  const pushed = await pushes(place, pushing);
  const pulled = await pulls(place, pulling);
  const peak = (name: string, bytes: number): Figure => ({
    name,
    value: megabytes(bytes),
    unit: "MB",
    atMost: goals.megabytes,
  });
  return [
    ...besideOthers(`Pushing ${artifactSize}, Create of an Image`, pushed.own, pushed),
    ...besideOthers(`Pulling ${artifactSize}, Create of a Module by reference`, pulled.own, pulled),
    peak("Most memory of the plugin that pushed", await pushing.peak()),
    peak("Most memory of the plugin that pulled", await pulling.peak()),
  ];
}

async function pushes({ host, files, others }: RegistryPlace, engine: Engine) {
  return interleave(rounds, {
    own: () =>
      files.with(async ({ path }) => {
        const { artifact = null } = await engine.module(path);
        return timed(() => engine.image(artifact, `${host}/bench/engine`));
      }),
    oras: () => files.with((file) => others.push("oras", file)),
    wkg: () => files.with((file) => others.push("wkg", file)),
  });
}

/** The module's imports are known from the first round on, as they are of a module that was seen before: no other client reads them. */
async function pulls({ reference, others }: RegistryPlace, engine: Engine) {
  return interleave(rounds, {
    own: async () => {
      let digest: Digest | undefined;
      const time = await timed(async () => {
        digest = (await engine.create("wasm:index:Module", { reference })).digest as Digest;
      });
      if (digest) await rm(join(engine.cache, "blobs", "sha256", hexOf(digest)));
      return time;
    },
    oras: () => others.pull("oras", reference),
    wkg: () => others.pull("wkg", reference),
  });
}
