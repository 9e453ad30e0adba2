/** The real engine on a program of its own: home, backend, cache and state in one temporary folder. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { chmod, mkdir, readdir, readFile, symlink, writeFile } from "node:fs/promises";
import { basename, delimiter, dirname, join } from "node:path";
import { pathToFileURL } from "node:url";
import { inRepository } from "../tools/repository.ts";
import { compileNodeSdk } from "../tools/sdk/compile.ts";
import { TaskError, taskSignal } from "../tools/task.ts";
import { tool } from "../tools/toolchain/index.ts";
import { tools } from "../tools/toolchain/table.ts";
import { bundle } from "./bundle.ts";
import { timed } from "./measure.ts";

const languageHost = "pulumi-language-nodejs";

export class Project {
  readonly folder: string;
  readonly #pulumi: string;
  readonly #environment: NodeJS.ProcessEnv;
  #disposing = false;

  private constructor(folder: string, pulumi: string) {
    this.folder = folder;
    this.#pulumi = pulumi;
    this.#environment = {
      ...process.env,
      PATH: [dirname(process.execPath), process.env.PATH ?? ""].join(delimiter),
      PULUMI_HOME: join(folder, "home"),
      PULUMI_BACKEND_URL: `file://${join(folder, "backend")}`,
      PULUMI_CONFIG_PASSPHRASE: "bench",
      PULUMI_SKIP_UPDATE_CHECK: "true",
      PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION: "true",
      // A file backend writes the whole state at each step, which takes longer than all else in a large program.
      PULUMI_EXPERIMENTAL: "true",
      PULUMI_SKIP_CHECKPOINTS: "true",
      PULUMI_WASM_CACHE: join(folder, "cache"),
      PULUMI_WASM_STATE: join(folder, "state"),
    };
  }

  /**
   * A JavaScript program in `folder`, with an empty stack.
   *
   * @param plugin the plugin's script
   * @param others folders of other providers' plugins, by their names
   */
  static async create(
    folder: string,
    plugin: string,
    program: string,
    others: Readonly<Record<string, string>> = {},
  ): Promise<Project> {
    const project = new Project(folder, await tool("pulumi"));
    for (const name of ["backend", "home", "plugin"]) await mkdir(join(folder, name), { recursive: true });
    await installLanguageHost(join(folder, "home"));
    await writeLauncher(join(folder, "plugin"), plugin, join(folder, "peak"));
    await writeProgram(folder, program, { wasm: "plugin", ...others });
    await project.run("stack", "init", "bench");
    return project;
  }

  /** Runs one command of `pulumi` on the stack; resolves to milliseconds. */
  run(...command: string[]): Promise<number> {
    return timed(() => this.#ask(command));
  }

  /** An output of the stack. */
  async output(name: string): Promise<string> {
    return (await this.#ask(["stack", "output", name])).trim();
  }

  /** The stack's state, as JSON. */
  state(): Promise<string> {
    return this.#ask(["stack", "export"]);
  }

  /** Resolves to what the command prints. */
  async #ask(command: string[]): Promise<string> {
    const child = spawn(this.#pulumi, [...command, "--non-interactive"], {
      cwd: this.folder,
      env: this.#environment,
      stdio: ["ignore", "pipe", "pipe"],
      // The engine ends its plugins on SIGINT, as when a person presses Ctrl-C.
      killSignal: "SIGINT",
      ...(!this.#disposing && { signal: taskSignal }),
    });
    let [printed, complaints] = ["", ""];
    child.stdout.setEncoding("utf8").on("data", (text: string) => {
      printed += text;
    });
    child.stderr.setEncoding("utf8").on("data", (text: string) => {
      complaints += text;
    });
    const [code] = await once(child, "close");
    if (code !== 0) throw new TaskError(`\`pulumi ${command.join(" ")}\` failed.\n${printed}${complaints}`);
    return printed;
  }

  /** The most memory that a plugin process of this project has held so far, in bytes; 0 when there was none. */
  async peakMemory(): Promise<number> {
    const files = (await readdir(this.folder)).filter((name) => /^peak\.\d+$/.test(name));
    const peaks = files.map(async (name) => Number(await readFile(join(this.folder, name), "utf8")));
    return Math.max(0, ...(await Promise.all(peaks)));
  }

  /** Destroys what the stack holds; call it before the folder is removed. */
  async [Symbol.asyncDispose](): Promise<void> {
    // Also when the run is being aborted: a server of the stack would stay for good.
    this.#disposing = true;
    await this.run("destroy", "--yes", "--skip-preview", "--suppress-progress");
  }
}

async function installLanguageHost(home: string): Promise<void> {
  const host = await tool(languageHost);
  const folder = join(home, "plugins", `language-nodejs-v${tools[languageHost].version}`);
  await mkdir(folder, { recursive: true });
  await symlink(host, join(folder, basename(host)));
}

/** The plugin's executable as the engine finds it, which also records its memory. */
async function writeLauncher(folder: string, plugin: string, peakFile: string): Promise<void> {
  const executable = join(folder, "pulumi-resource-wasm");
  const recorder = pathToFileURL(await bundle(new URL("./recordPeak.ts", import.meta.url), folder)).href;
  const command = `exec "${process.execPath}" --import "${recorder}" "${plugin}" "$@"`;
  await writeFile(executable, `#!/bin/sh\nBENCH_PEAK_FILE="${peakFile}" ${command}\n`);
  await chmod(executable, 0o755);
}

async function writeProgram(
  folder: string,
  program: string,
  plugins: Readonly<Record<string, string>>,
): Promise<void> {
  const modules = join(folder, "node_modules");
  await mkdir(modules);
  await symlink(inRepository("node_modules", "@pulumi"), join(modules, "@pulumi"), "junction");
  await symlink(await compileNodeSdk(), join(modules, "pulumi-wasm"), "junction");
  const project = {
    name: "bench",
    runtime: { name: "nodejs", options: { typescript: false } },
    plugins: { providers: Object.entries(plugins).map(([name, path]) => ({ name, path })) },
  };
  // JSON is YAML.
  await writeFile(join(folder, "Pulumi.yaml"), JSON.stringify(project));
  await writeFile(join(folder, "package.json"), JSON.stringify({ name: "bench", type: "commonjs" }));
  const imports = 'const pulumi = require("@pulumi/pulumi");\nconst wasm = require("pulumi-wasm");\n';
  await writeFile(join(folder, "index.js"), imports + program);
}
