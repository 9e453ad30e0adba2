/** The Pulumi engine, with a home, a backend and a stack of the demo's own. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir, rm, symlink } from "node:fs/promises";
import { basename, join } from "node:path";
import * as z from "zod";
import { inRepository } from "../repository.ts";
import { TaskError, taskSignal } from "../task.ts";
import { cacheFolder, tool } from "../toolchain/index.ts";
import { tools } from "../toolchain/table.ts";

/** All that the demo keeps: removed with the stack. */
export const demoFolder = cacheFolder("demo");
export const program = inRepository("examples/quickstart");

const stack = "demo";

/** What sets this stack apart from the user's own; the passphrase is empty, for the demo has no secrets. */
export const settings = {
  PULUMI_HOME: join(demoFolder, "home"),
  PULUMI_BACKEND_URL: `file://${join(demoFolder, "state")}`,
  PULUMI_CONFIG_PASSPHRASE: "",
};

const exportSchema = z.object({
  deployment: z.object({
    resources: z.array(z.object({ urn: z.string(), type: z.string(), custom: z.boolean() })).default([]),
  }),
});

export interface CreatedResource {
  type: string;
  name: string;
}

export class Engine {
  readonly #pulumi: string;
  readonly #environment: NodeJS.ProcessEnv;

  private constructor(pulumi: string) {
    this.#pulumi = pulumi;
    this.#environment = {
      ...process.env,
      ...settings,
      PULUMI_SKIP_UPDATE_CHECK: "true",
      // What the demo needs is there, and nothing shall be fetched behind the user's back.
      PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION: "true",
    };
  }

  /** Gets the engine, which can take minutes the first time, and selects the demo's stack. */
  static async open(): Promise<Engine> {
    const engine = new Engine(await tool("pulumi"));
    await installLanguageHost();
    await mkdir(join(demoFolder, "state"), { recursive: true });
    await engine.#run(["stack", "select", "--create", stack], "quiet");
    return engine;
  }

  async configure(values: Record<string, string>): Promise<void> {
    const pairs = Object.entries(values).flatMap(([key, value]) => ["--plaintext", `${key}=${value}`]);
    await this.#run(["config", "set-all", "--stack", stack, ...pairs], "quiet");
  }

  /** `pulumi up`, with its own output. */
  async up(): Promise<void> {
    await this.#run(["up", "--yes", "--suppress-progress", "--stack", stack], "shown");
  }

  /** `pulumi destroy`, with its own output, and then the stack itself with all that the demo keeps. */
  async destroy(): Promise<void> {
    await this.#run(["destroy", "--yes", "--remove", "--suppress-progress", "--stack", stack], "shown");
    await rm(demoFolder, { recursive: true, force: true });
  }

  /** The stack's outputs, whatever they are. */
  async outputs(): Promise<unknown> {
    return JSON.parse(await this.#run(["stack", "output", "--json", "--stack", stack], "quiet"));
  }

  /** What the program created, without the stack itself and the providers. */
  async resources(): Promise<CreatedResource[]> {
    const text = await this.#run(["stack", "export", "--stack", stack], "quiet");
    return exportSchema
      .parse(JSON.parse(text))
      .deployment.resources.filter(({ type }) => !type.startsWith("pulumi:"))
      .map(({ type, urn }) => ({ type, name: urn.slice(urn.lastIndexOf("::") + 2) }));
  }

  /** Runs one command in the program's folder; resolves to what it printed, unless that was shown. */
  async #run(command: string[], output: "quiet" | "shown"): Promise<string> {
    const stream = output === "shown" ? "inherit" : "pipe";
    const child = spawn(this.#pulumi, [...command, "--non-interactive"], {
      cwd: program,
      env: this.#environment,
      stdio: ["ignore", stream, stream],
      // In a group of its own: a Ctrl-C that reached the engine twice would make it drop its work half done.
      detached: process.platform !== "win32",
    });
    const interrupt = () => child.kill("SIGINT");
    taskSignal.addEventListener("abort", interrupt);
    let [printed, complaints] = ["", ""];
    child.stdout?.setEncoding("utf8").on("data", (chunk: string) => {
      printed += chunk;
    });
    child.stderr?.setEncoding("utf8").on("data", (chunk: string) => {
      complaints += chunk;
    });
    const [code] = await once(child, "close").finally(() => {
      taskSignal.removeEventListener("abort", interrupt);
    });
    taskSignal.throwIfAborted();
    if (code !== 0) throw new TaskError(`\`pulumi ${command.join(" ")}\` failed. ${complaints}`.trim());
    return printed;
  }
}

/** Puts the language host where the engine keeps what it installed itself; from PATH it would warn about it in each run. */
async function installLanguageHost(): Promise<void> {
  const name = "pulumi-language-nodejs";
  const host = await tool(name);
  const folder = join(settings.PULUMI_HOME, "plugins", `language-nodejs-v${tools[name].version}`);
  const link = join(folder, basename(host));
  await mkdir(folder, { recursive: true });
  await rm(link, { force: true });
  await symlink(host, link, "file");
}
