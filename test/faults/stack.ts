/** A stack that is delivered as the engine does it: the program runs in preview and in `up`, resource by resource. */
import { createHash } from "node:crypto";
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type ServiceError, status } from "@grpc/grpc-js";
import { encodeTarget } from "../../provider/targets/target.ts";
import { Asset, type Properties, Secret, type Value } from "../../provider/values.ts";
import { detailOf, type Stored, type TestEngine } from "../protocol/harness.ts";
import { check, create, type Declared, remove, update } from "./calls.ts";

/** What one resource is refused for, as `<property>: <message>`. */
export class Refused extends Error {
  readonly problems: readonly string[];

  constructor(problems: readonly string[]) {
    super(problems.join("\n"));
    this.problems = problems;
  }
}

export interface AppInputs {
  artifact: Properties;
  grants?: readonly string[];
  denied?: string[];
  /** By module: families, each with values by name; of volumes the folders. */
  bindings?: Record<string, Partial<Record<"environment" | "config" | "volumes", Record<string, string>>>>;
  run?: "service" | "job";
  acceptRisk?: Properties[];
  arguments?: string[];
  port?: number;
  memory?: number;
  requestTimeout?: number;
  /** Whether its process is started in `up`; otherwise it is declared and checked only. */
  start?: boolean;
}

export class Stack {
  /** The program's folder; files of modules and volumes. */
  readonly folder: string;
  phase: "preview" | "up" = "preview";
  /** What happens in `up` after a resource was checked, before it is made. */
  afterCheck?: () => Promise<void>;
  /** Address of the App, once it is up. */
  url = "";
  readonly #client: TestEngine["client"];
  /** What is deployed, by type and name. */
  readonly #state = new Map<string, { resource: Declared; stored: Stored }>();
  /** Ends what a seed started beside the App. */
  readonly #cleanups: (() => Promise<unknown>)[] = [];

  private constructor({ client }: TestEngine, folder: string) {
    this.#client = client;
    this.folder = folder;
  }

  static async create(engine: TestEngine): Promise<Stack> {
    return new Stack(engine, await mkdtemp(join(tmpdir(), "wasm-fault-")));
  }

  onRemove(cleanup: () => Promise<unknown>): void {
    this.#cleanups.push(cleanup);
  }

  /** Destroys what was deployed. */
  async remove(): Promise<void> {
    for (const { resource, stored } of [...this.#state.values()].reverse()) {
      await remove(this.#client, resource, stored);
    }
    for (const cleanup of this.#cleanups) await cleanup();
    await rm(this.folder, { recursive: true, force: true });
  }

  /** Writes a file or makes a folder (no content) in the program's folder, and gives its path. */
  async place(name: string, content?: Uint8Array | string): Promise<string> {
    const path = join(this.folder, name);
    if (content === undefined) await mkdir(path, { recursive: true });
    else await writeFile(path, content);
    return path;
  }

  /** A Module of these bytes; its artifact. */
  async module(name: string, bytes: Uint8Array | string, more: Properties = {}): Promise<Properties> {
    const file = `${name}.wasm`;
    // In `up` the file is what the program's folder holds by then.
    const path = this.phase === "preview" ? await this.place(file, bytes) : join(this.folder, file);
    return this.moduleAt(name, path, more);
  }

  async moduleAt(name: string, path: string, more: Properties = {}): Promise<Properties> {
    const file = new Asset({ path }, await hashOf(path));
    const { artifact } = await this.#declare("wasm:index:Module", name, { file, ...more });
    return artifact as Properties;
  }

  async grant(name: string, inputs: Properties): Promise<string> {
    const { grant } = await this.#declare("wasm:index:CapabilityGrant", name, inputs);
    return grant as string;
  }

  /** A Composition of modules by name, each its bytes or what a Composition takes for it; its artifact. */
  async composition(
    modules: Record<string, Uint8Array | Properties>,
    more: Properties = {},
  ): Promise<Properties> {
    const parts: Record<string, Value> = {};
    for (const [name, module] of Object.entries(modules)) {
      const isBytes = module instanceof Uint8Array;
      parts[name] = isBytes ? { artifact: await this.module(name, module) } : module;
    }
    const { artifact } = await this.#declare("wasm:index:Composition", "shop", { modules: parts, ...more });
    return artifact as Properties;
  }

  /** An App on the local target: its two children, with what an App hands to each. */
  async app({
    artifact,
    grants,
    denied,
    run,
    acceptRisk,
    bindings = {},
    ...local
  }: AppInputs): Promise<void> {
    const admission = await this.#declare("wasm:index:Admission", "app", {
      artifact,
      target: encodeTarget({ kind: "local" }),
      bindings: boundNames(bindings),
      ...given({ grants, denied, run, acceptRisk }),
    });
    const { start = false, ...limits } = local;
    const bound = Object.values(bindings);
    const merged = (family: "environment" | "config" | "volumes") =>
      Object.assign({}, ...bound.map((module) => module[family])) as Properties;
    const server = await this.#declare("wasm:local:Server", "app", {
      artifact,
      rules: admission.rules ?? null,
      environment: new Secret(merged("environment")),
      config: new Secret(merged("config")),
      volumes: merged("volumes"),
      start,
      ...given({ run, ...limits }),
    });
    this.url = typeof server.url === "string" ? server.url : "";
  }

  /** Check, and Create or Update as in this phase; the outputs. */
  async #declare(type: string, name: string, inputs: Properties): Promise<Properties> {
    const resource = { type, name };
    const key = `${type} ${name}`;
    const preview = this.phase === "preview";
    const old = this.#state.get(key)?.stored;
    const checked = await refusing(() => check(this.#client, resource, inputs, old));
    if (checked.failures.length > 0) {
      throw new Refused(checked.failures.map(({ path, reason }) => line(path, reason)));
    }
    if (!preview) await this.afterCheck?.();
    const stored = await refusing(() =>
      old
        ? update(this.#client, resource, old, checked.inputs, preview)
        : create(this.#client, resource, checked.inputs, preview),
    );
    if (!preview) this.#state.set(key, { resource, stored });
    return stored.outputs;
  }
}

/** An asset comes with the hash that its file had when the program ran. */
async function hashOf(path: string): Promise<string | undefined> {
  const bytes = await readFile(path).catch(() => undefined);
  return bytes && createHash("sha256").update(bytes).digest("hex");
}

/** What the engine would print of a call that fails. */
async function refusing<T>(call: () => Promise<T>): Promise<T> {
  try {
    return await call();
  } catch (error) {
    const failure = error as ServiceError;
    if (failure.code === undefined || failure.code === status.INTERNAL) throw error;
    const { inputErrors, initFailed } = failure.metadata.get("grpc-status-details-bin").length
      ? detailOf(failure)
      : { inputErrors: undefined, initFailed: undefined };
    const found = inputErrors?.map(({ path, reason }) => line(path, reason)) ?? initFailed?.getReasonsList();
    throw new Refused(found ?? [failure.details]);
  }
}

function line(property: string, reason: string): string {
  return property === "" ? reason : `${property}: ${reason}`;
}

function boundNames(bindings: NonNullable<AppInputs["bindings"]>): Properties {
  const names = Object.entries(bindings).map(([module, families]) => [
    module,
    Object.fromEntries(Object.entries(families).map(([family, values]) => [family, Object.keys(values)])),
  ]);
  return Object.fromEntries(names) as Properties;
}

function given(inputs: Record<string, unknown>): Properties {
  return Object.fromEntries(Object.entries(inputs).filter(([, value]) => value !== undefined)) as Properties;
}
