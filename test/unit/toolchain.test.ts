import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { chmod, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { type Tool, Unavailable } from "../../tools/toolchain/tool.ts";
import { Toolchain } from "../../tools/toolchain/toolchain.ts";

let folder: string;
let children: ChildProcess[];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "toolchain-"));
  children = [];
});

afterEach(async () => {
  for (const child of children) child.kill("SIGKILL");
  vi.unstubAllEnvs();
  await rm(folder, { recursive: true, force: true });
});

describe("a tool that several processes ask for", () => {
  test("is built once, while the others wait", async () => {
    const first = start("askForTool.ts");
    await first.line("building");
    const second = start("askForTool.ts");
    await second.line(`fake 1.0.0: waiting for process ${first.pid}, which is getting it`);
    await writeFile(join(folder, "release"), "");

    const path = join(cache(), platformFolder, "fake");
    await first.line(`path ${path}`);
    await second.line(`path ${path}`);
    expect(await builds()).toEqual([first.pid]);
  });

  test("leaves nothing half-made when its build is asked to end", async () => {
    const aborted = start("askForTool.ts");
    await aborted.line("building");
    aborted.kill("SIGTERM");
    expect(await aborted.exitCode).toBe(143);
    expect(await readdir(cache())).toEqual([]);
  });

  test("is built by the next one when its builder is killed, and nothing of the first remains", async () => {
    const killed = start("askForTool.ts");
    await killed.line("building");
    const waiting = start("askForTool.ts");
    await waiting.line(`fake 1.0.0: waiting for process ${killed.pid}, which is getting it`);
    killed.kill("SIGKILL");
    await writeFile(join(folder, "release"), "");

    expect(await waiting.exitCode).toBe(0);
    expect(await builds()).toEqual([killed.pid, waiting.pid]);
    expect(await readdir(cache())).toEqual([platformFolder]);
    expect(await readdir(join(cache(), platformFolder))).toEqual(["fake"]);
  });
});

test("a lock whose holder died goes to one process at a time", async () => {
  const holder = start("contend.ts", "hold");
  await holder.line("holding");
  const contenders = [1, 2, 3, 4].map(() => start("contend.ts"));
  holder.kill("SIGKILL");
  const codes = await Promise.all(contenders.map(({ exitCode }) => exitCode));
  expect(codes).toEqual([0, 0, 0, 0]);
  expect(await readdir(folder)).toEqual([]);
});

describe("a tool on PATH", () => {
  const onPath = { minimum: "3.200.0", versionArguments: ["version"] };

  test("is used when it is recent enough, with the programs that came with it", async () => {
    const bin = await pathFolder({ engine: "v3.1000.0", host: "" });
    const host: Tool = { ...tool("host"), onPath: { bundledWith: "engine" } };
    const toolchain = chain({ engine: { ...tool("engine"), onPath }, host });
    expect(await toolchain.tool("engine")).toBe(join(bin, "engine"));
    expect(await toolchain.tool("host")).toBe(join(bin, "host"));
    expect(await toolchain.toolPath(["engine", "host"])).toBe(process.env.PATH);
  });

  test("that is too old is passed over, and the tool chain's own comes first on PATH", async () => {
    await pathFolder({ engine: "v3.99.0", host: "" });
    const host: Tool = { ...tool("host"), onPath: { bundledWith: "engine" } };
    const toolchain = chain({ engine: { ...tool("engine"), onPath }, host });
    const folders = (await toolchain.toolPath(["engine", "host"])).split(delimiter);
    expect(folders.slice(0, 2)).toEqual(
      ["engine", "host"].map((name) => join(folder, "cache", name, platformFolder)),
    );
  });

  test("and no way to get one: three lines say what was tried and what to install", async () => {
    await pathFolder({ engine: "v3.99.0" });
    const source = {
      name: "building it",
      obtain: () => Promise.reject(new Unavailable("go is not on PATH")),
    };
    const toolchain = chain({ engine: { ...tool("engine"), onPath, sources: [source] } });
    const found = join(folder, "bin", "engine");
    await expect(toolchain.tool("engine")).rejects.toThrow(
      [
        "engine 1.0.0 could not be had.",
        `Tried: PATH (${found} is 3.99.0, and 3.200.0 is needed); building it (go is not on PATH).`,
        "Install the engine.",
      ].join("\n"),
    );
    expect(await readdir(join(folder, "cache", "engine"))).toEqual([]);
  });
});

const platformFolder = `1.0.0-${process.platform}-${process.arch}`;

function cache(): string {
  return join(folder, "cache", "fake");
}

async function builds(): Promise<number[]> {
  return (await readFile(join(folder, "builds"), "utf8")).trim().split("\n").map(Number);
}

/** A tool that a source makes at once. */
function tool(executable: string): Tool {
  const write = ({ folder: output }: { folder: string }) => writeFile(join(output, executable), "");
  return {
    version: "1.0.0",
    executable,
    sources: [{ name: "writing it", obtain: write }],
    install: `the ${executable}`,
  };
}

function chain<Name extends string>(tools: Record<Name, Tool>): Toolchain<Name> {
  return new Toolchain(tools, { cache: join(folder, "cache"), log: () => {} });
}

/** Puts programs that print their version alone on PATH. */
async function pathFolder(programs: Record<string, string>): Promise<string> {
  const bin = join(folder, "bin");
  await mkdir(bin);
  for (const [name, version] of Object.entries(programs)) {
    await writeFile(join(bin, name), `#!/bin/sh\necho ${version}\n`);
    await chmod(join(bin, name), 0o755);
  }
  vi.stubEnv("PATH", bin);
  return bin;
}

/** Starts a program of the folder `toolchain` in a process of its own. */
function start(program: string, ...args: string[]) {
  const script = fileURLToPath(new URL(`toolchain/${program}`, import.meta.url));
  const child = spawn(process.execPath, [script, folder, ...args], { stdio: ["ignore", "pipe", "inherit"] });
  children.push(child);
  const lines: string[] = [];
  const reader = createInterface(child.stdout).on("line", (line) => lines.push(line));
  return {
    pid: child.pid,
    kill: (signal: NodeJS.Signals) => child.kill(signal),
    exitCode: once(child, "exit").then(([code]) => code as number | null),
    /** Waits until the program has printed this line. */
    async line(expected: string): Promise<void> {
      while (!lines.includes(expected)) await once(reader, "line", { signal: AbortSignal.timeout(10_000) });
    },
  };
}
