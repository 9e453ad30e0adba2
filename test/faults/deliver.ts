/** Runs seeds: each is delivered until something is said of its fault, and that is its outcome. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import pluginPb from "@pulumi/pulumi/proto/plugin_pb.js";
import type emptyPb from "google-protobuf/google/protobuf/empty_pb.js";
import { TestEngine, unary } from "../protocol/harness.ts";
import type { Fault, Level, Stage } from "./fault.ts";
import { Logs } from "./logs.ts";
import { Refused, Stack } from "./stack.ts";

export interface Outcome {
  stage: Stage;
  level: Level;
  says: string[];
}

/** What a seed is; the rest of a fault is what the table says of it. */
export type Seed = Pick<Fault, "program" | "before" | "meanwhile" | "ask" | "settings">;

/** One provider, with a cache and a state folder of its own, for any number of stacks. */
export class Delivery {
  readonly #engine: TestEngine;
  readonly #logs: Logs;
  readonly #folder: string;
  /** Where local servers are kept otherwise. */
  readonly #stateFolder = process.env.PULUMI_WASM_STATE;

  private constructor(engine: TestEngine, logs: Logs, folder: string) {
    this.#engine = engine;
    this.#logs = logs;
    this.#folder = folder;
  }

  static async open(): Promise<Delivery> {
    const folder = await mkdtemp(join(tmpdir(), "wasm-faults-"));
    const engine = await TestEngine.attach();
    const logs = await Logs.listen();
    const attach = new pluginPb.PluginAttach();
    attach.setAddress(logs.address);
    await unary<emptyPb.Empty>((reply) => engine.client.attach(attach, reply));
    const delivery = new Delivery(engine, logs, folder);
    process.env.PULUMI_WASM_STATE = join(folder, "state");
    return delivery;
  }

  async close(): Promise<void> {
    await this.#engine.cancel();
    this.#engine.close();
    this.#logs.close();
    if (this.#stateFolder === undefined) delete process.env.PULUMI_WASM_STATE;
    else process.env.PULUMI_WASM_STATE = this.#stateFolder;
    await rm(this.#folder, { recursive: true, force: true });
  }

  /** Delivers one program: preview, then `up`, then a request, as far as it gets. */
  async run(seed: Seed): Promise<Outcome> {
    await this.#engine.configure({ cacheDirectory: join(this.#folder, "cache"), ...seed.settings });
    const stack = await Stack.create(this.#engine);
    try {
      const { stage, level, says } = await this.#stages(seed, stack);
      return { stage, level, says: says.map((text) => portable(text, stack.folder)) };
    } finally {
      await stack.remove();
    }
  }

  async #stages(seed: Seed, stack: Stack): Promise<Outcome> {
    const deployed = seed.before && (await this.#both(seed.before, stack));
    if (deployed) throw new Error(`What is deployed before is refused: ${deployed.says.join("\n")}`);
    const refused = await this.#both(seed.program, stack, seed.meanwhile);
    if (refused) return refused;
    const answer = await seed.ask?.(stack);
    if (answer === undefined) return { stage: "not caught", level: "answer", says: [] };
    const stage = answer.isRefused ? "run time" : "not caught";
    return { stage, level: "answer", says: [answer.text] };
  }

  /** Preview and `up` of one program. What stands in the plan is found in preview, though the run goes on. */
  async #both(
    program: Seed["program"],
    stack: Stack,
    meanwhile?: Seed["meanwhile"],
  ): Promise<Outcome | undefined> {
    this.#logs.lines.length = 0;
    const refused = await this.#one("preview", program, stack);
    if (refused) return refused;
    const lines = [...new Map(this.#logs.lines.map((line) => [line.text, line])).values()];
    await meanwhile?.(stack);
    const failed = await this.#one("up", program, stack);
    if (failed) return failed;
    const [first] = lines;
    if (!first) return undefined;
    const level = lines.some((line) => line.level === "warning") ? "warning" : "note";
    return { stage: "preview", level, says: lines.map(({ text }) => text) };
  }

  async #one(phase: Stack["phase"], program: Seed["program"], stack: Stack): Promise<Outcome | undefined> {
    stack.phase = phase;
    try {
      await program(stack);
      return undefined;
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      return { stage: phase, level: "error", says: [...error.problems] };
    }
  }
}

/** Without what differs from machine to machine. */
function portable(text: string, folder: string): string {
  return (
    text
      .replaceAll(folder, "…")
      .replace(/sha256:[0-9a-f]{64}/g, "sha256:…")
      .replace(/127\.0\.0\.1:\d+/g, "127.0.0.1:<port>")
      .replace(/\bPort \d+/, "Port <port>")
      // What the log's last lines are is the guest's affair.
      .replace(/(\nThe log's last lines:| The last lines of ).*$/s, "")
  );
}
