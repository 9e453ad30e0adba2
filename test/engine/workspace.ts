/**
 * A stack of the real engine, in folders of its own: program, home, state, cache. The plugin is the one in `dist`;
 * programs are YAML unless a test is about another language.
 */
import { mkdir, mkdtemp, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { fileURLToPath } from "node:url";
import {
  type EngineEvent,
  LocalWorkspace,
  PulumiCommand,
  type Stack,
} from "@pulumi/pulumi/automation/index.js";
import { stringify } from "yaml";
import { type ToolName, tool } from "../../tools/toolchain/index.ts";
import { run } from "../../tools/toolchain/process.ts";
import { tools } from "../../tools/toolchain/table.ts";

export const repository = fileURLToPath(new URL("../../", import.meta.url));
export const guest = (name: string) => join(repository, "test/fixtures/guests", `${name}.wasm`);

type Yaml = { [key: string]: unknown };

/** What the engine planned or did with one resource. */
export interface Step {
  op: string;
  type: string;
  name: string;
  /** Paths that differ. */
  diff: string[];
  replaces: string[];
}

export interface Outcome {
  steps: Step[];
  /** What the user reads: diagnostics without colours. */
  messages: string[];
  outputs: Record<string, unknown>;
  /** All that the engine said, as it said it. */
  events: EngineEvent[];
}

export class Workspace {
  readonly folder: string;
  readonly program: string;
  readonly environment: Record<string, string>;
  #stack: Stack | undefined;

  private constructor(folder: string, program: string, environment: Record<string, string>) {
    this.folder = folder;
    this.program = program;
    this.environment = environment;
  }

  static async create(runtime: "yaml" | "nodejs" = "yaml"): Promise<Workspace> {
    const folder = await mkdtemp(join(tmpdir(), "wasm-engine-"));
    const path = (name: string) => join(folder, name);
    const workspace = new Workspace(folder, path("program"), {
      PULUMI_HOME: path("home"),
      PULUMI_BACKEND_URL: `file://${path("backend")}`,
      PULUMI_CONFIG_PASSPHRASE: "correct horse",
      PULUMI_SKIP_UPDATE_CHECK: "true",
      PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION: "true",
      PULUMI_WASM_CACHE: path("cache"),
      PULUMI_WASM_STATE: path("state"),
    });
    for (const name of ["program", "backend", "home"]) await mkdir(path(name));
    await workspace.#installLanguageHost(
      runtime === "yaml" ? "pulumi-language-yaml" : "pulumi-language-nodejs",
    );
    return workspace;
  }

  async #installLanguageHost(name: ToolName): Promise<void> {
    const host = await tool(name);
    const language = name.replace("pulumi-", "");
    const plugins = join(
      this.environment.PULUMI_HOME as string,
      "plugins",
      `${language}-v${tools[name].version}`,
    );
    await mkdir(plugins, { recursive: true });
    await symlink(host, join(plugins, basename(host)));
  }

  /** Writes `Pulumi.yaml`: the project's head and, for YAML programs, the program. */
  async write(program: Yaml, runtime: "yaml" | "nodejs" = "yaml"): Promise<void> {
    const head = {
      name: "project",
      runtime,
      plugins: { providers: [{ name: "wasm", path: join(repository, "dist") }] },
    };
    await writeFile(join(this.program, "Pulumi.yaml"), stringify({ ...head, ...program }));
  }

  async stack(): Promise<Stack> {
    this.#stack ??= await this.#open();
    return this.#stack;
  }

  async #open(): Promise<Stack> {
    const pulumi = await tool("pulumi");
    const root = join(this.folder, "engine");
    await mkdir(join(root, "bin"), { recursive: true });
    await symlink(pulumi, join(root, "bin", "pulumi"));
    const stack = await LocalWorkspace.createOrSelectStack(
      { stackName: "dev", workDir: this.program },
      { envVars: this.environment, pulumiCommand: await PulumiCommand.get({ root, skipVersionCheck: true }) },
    );
    return withoutSummaries(stack);
  }

  async preview(options: { refresh?: boolean } = {}): Promise<Outcome> {
    return this.#observe((stack, onEvent) => stack.preview({ ...options, onEvent }));
  }

  async up(options: { refresh?: boolean; target?: string[]; replace?: string[] } = {}): Promise<Outcome> {
    return this.#observe((stack, onEvent) => stack.up({ ...options, onEvent }));
  }

  async refresh(): Promise<Outcome> {
    return this.#observe((stack, onEvent) => stack.refresh({ onEvent }));
  }

  async destroy(): Promise<Outcome> {
    return this.#observe((stack, onEvent) => stack.destroy({ onEvent }));
  }

  async #observe(
    operate: (stack: Stack, onEvent: (event: EngineEvent) => void) => Promise<unknown>,
  ): Promise<Outcome> {
    const stack = await this.stack();
    const events: EngineEvent[] = [];
    try {
      await operate(stack, (event) => events.push(event));
    } catch (error) {
      throw new EngineFailure(outcomeOf(events), error);
    }
    return outcomeOf(events);
  }

  /** The stack's outputs, with secrets in plain. The SDK would ask twice, to tell which are secret. */
  async outputs(): Promise<Record<string, unknown>> {
    const args = ["stack", "output", "--stack", "dev", "--json", "--show-secrets"];
    const options = { cwd: this.program, env: this.environment };
    const { code, stdout, errors } = await run(await tool("pulumi"), args, options);
    if (code !== 0) throw new Error(errors.join("\n"));
    return JSON.parse(stdout) as Record<string, unknown>;
  }

  /** The deployment's resources, with secrets in plain. */
  async state(): Promise<StoredResource[]> {
    const { deployment } = await (await this.stack()).exportStack();
    return (deployment as { resources?: StoredResource[] }).resources ?? [];
  }

  /** The state's file, secrets encrypted, as the backend has it. */
  async stateText(): Promise<string> {
    return readFile(join(this.folder, "backend", ".pulumi", "stacks", "project", "dev.json"), "utf8");
  }

  /** Destroys what is left of the stack, whatever the test did, and removes the folders. */
  async remove(): Promise<void> {
    if (this.#stack) await this.#stack.destroy();
    await rm(this.folder, { recursive: true, force: true });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.remove();
  }
}

/**
 * After each operation the SDK asks the CLI for the outputs and the history, by three more processes. No test reads that: what
 * an operation gave is in its events.
 */
function withoutSummaries(stack: Stack): Stack {
  return Object.assign(stack, { info: async () => undefined, outputs: async () => ({}) });
}

export interface StoredResource {
  urn: string;
  type: string;
  id?: string;
  inputs?: Record<string, unknown>;
  outputs?: Record<string, unknown>;
  parent?: string;
  /** URN and id of the provider that manages it. */
  provider?: string;
  protect?: boolean;
  retainOnDelete?: boolean;
  deletedWith?: string;
  dependencies?: string[];
  propertyDependencies?: Record<string, string[]>;
  /** In seconds. */
  customTimeouts?: Record<string, number>;
}

/** A run that failed, with what the user read. */
export class EngineFailure extends Error {
  readonly outcome: Outcome;
  constructor(outcome: Outcome, cause: unknown) {
    super(outcome.messages.join("\n") || String(cause), { cause });
    this.name = "EngineFailure";
    this.outcome = outcome;
  }
}

function outcomeOf(events: readonly EngineEvent[]): Outcome {
  const steps = events.flatMap(({ resourcePreEvent }) => {
    if (!resourcePreEvent) return [];
    const { op, type, urn, detailedDiff, diffs, keys } = resourcePreEvent.metadata;
    if (type.startsWith("pulumi:")) return [];
    const name = urn.slice(urn.lastIndexOf("::") + 2);
    return [
      {
        op: String(op),
        type,
        name,
        diff: Object.keys(detailedDiff ?? {}).concat(detailedDiff ? [] : (diffs ?? [])),
        replaces: keys ?? [],
      },
    ];
  });
  const messages = events.flatMap(({ diagnosticEvent }) =>
    // The SDK's types know nothing of debug messages, which an event log always has.
    diagnosticEvent && !diagnosticEvent.ephemeral && String(diagnosticEvent.severity) !== "debug"
      ? [clean(diagnosticEvent.message)]
      : [],
  );
  const outputs = events.flatMap(({ resOutputsEvent }) =>
    resOutputsEvent?.metadata.type === "pulumi:pulumi:Stack"
      ? [resOutputsEvent.metadata.new?.outputs ?? {}]
      : [],
  );
  return { steps, messages, outputs: outputs.at(-1) ?? {}, events: [...events] };
}

/** Without the engine's colour directives and trailing blanks. */
function clean(message: string): string {
  return message.replaceAll(/<\{%[^%]*%\}>/g, "").trim();
}

export function changed(outcome: Outcome): Step[] {
  return outcome.steps.filter(({ op }) => op !== "same" && op !== "refresh" && op !== "read");
}
