/** A plugin that the engine has started and configured, with a cache of its own. */
import { rm } from "node:fs/promises";
import { join } from "node:path";
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
import { peakBytes } from "./memory.ts";
import { type PluginProcess, residentBytes, startPlugin } from "./processes.ts";

export interface PluginOptions {
  /** The plugin's script. */
  script: string;
  /** Folder of the cache. */
  cache: string;
  /** The registry, which speaks plain HTTP. */
  host: string;
}

export class RunningPlugin implements AsyncDisposable {
  readonly #cache: string;
  readonly #process: PluginProcess;
  readonly #client: Client;

  private constructor(cache: string, process: PluginProcess) {
    this.#cache = cache;
    this.#process = process;
    this.#client = new Client(process.port);
  }

  static async start({ script, cache, host }: PluginOptions): Promise<RunningPlugin> {
    const plugin = new RunningPlugin(cache, await startPlugin(script, { env: { PULUMI_WASM_CACHE: cache } }));
    const registries = JSON.stringify({ [host]: { insecure: true } });
    await plugin.#client.configure(toStruct(encodeProperties({ registries })));
    return plugin;
  }

  /** Creates a resource; resolves to its outputs. */
  async create(type: string, inputs: Properties): Promise<Properties> {
    const outputs = await this.#client.create(type, toStruct(encodeProperties(inputs)));
    return decodeProperties((outputs?.toJavaScript() ?? {}) as WireProperties);
  }

  /** The `artifact` output of a Module of a file, whose bytes are in the cache afterwards. */
  async artifactOf(file: string): Promise<Value> {
    const { artifact = null } = await this.create("wasm:index:Module", { file: new Asset({ path: file }) });
    return artifact;
  }

  /** Pushes an artifact; resolves to its reference by digest. */
  async push(artifact: Value, repository: string): Promise<string> {
    return String((await this.create("wasm:index:Image", { artifact, repository })).ref);
  }

  async pull(reference: string): Promise<void> {
    await this.create("wasm:index:Module", { reference });
  }

  /** Has the cache lose the bytes of all modules, and with `inspections` what is known of them as well. */
  async forget({ inspections }: { inspections: boolean }): Promise<void> {
    await rm(join(this.#cache, "blobs"), { recursive: true, force: true });
    if (inspections) await rm(join(this.#cache, "inspections"), { recursive: true, force: true });
  }

  /** The most memory that it has held, in bytes; what it holds now where the system does not tell. */
  async peak(): Promise<number> {
    const { pid = 0 } = this.#process.child;
    return (await peakBytes(pid)) ?? residentBytes(pid);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#client[Symbol.dispose]();
    await this.#process[Symbol.asyncDispose]();
  }
}
