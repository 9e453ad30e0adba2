/** Ways to end a run in its midst, at a point that is certain. */
import { readdir, readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { expect } from "vitest";
import type { Workspace } from "./workspace.ts";

const hold = new URL("./holdMethod.mjs", import.meta.url).href;
const limit = { timeout: 60_000, interval: 10 };

interface Found {
  pid: number;
  parent: number;
  commandLine: string;
}

/** The plugin's processes of a workspace whose command line says so: the plugin itself, supervisors, guests' hosts. */
async function find({ folder }: Workspace, isWanted: (commandLine: string) => boolean): Promise<Found[]> {
  const pids = (await readdir("/proc")).filter((name) => /^\d+$/.test(name));
  const found = await Promise.all(
    pids.map(async (pid) => {
      const read = (file: string) => readFile(`/proc/${pid}/${file}`, "utf8").catch(() => "");
      const commandLine = await read("cmdline");
      if (!isWanted(commandLine)) return [];
      const isOurs = commandLine.includes(`${folder}/`) || (await read("environ")).includes(`=${folder}/`);
      const parent = /^\d+ \(.*\) \S (\d+)/s.exec(await read("stat"))?.[1];
      return isOurs ? [{ pid: Number(pid), parent: Number(parent), commandLine }] : [];
    }),
  );
  return found.flat();
}

const pluginsOf = (workspace: Workspace) => find(workspace, (line) => line.includes("/dist/main.js\0"));

/** What to end, by the name that the tests have for it; resolves to process ids. */
export const processes = {
  plugin: async (workspace: Workspace) => (await pluginsOf(workspace)).map(({ pid }) => pid),
  engine: async (workspace: Workspace) => (await pluginsOf(workspace)).map(({ parent }) => parent),
  /** The engine's own, which outlives it. */
  languageHost: async (workspace: Workspace) =>
    (await find(workspace, (line) => line.includes("/pulumi-language-yaml\0"))).map(({ pid }) => pid),
  supervisor: async (workspace: Workspace) =>
    (await find(workspace, (line) => line.includes("/local/supervisor.js\0"))).map(({ pid }) => pid),
};

/** Points of a run that its processes show. */
const moments = {
  "a component is compiled": async (workspace: Workspace) =>
    (await find(workspace, isHost("/transpiled/"))).length > 0,
  "the first version starts": async (workspace: Workspace) => (await versionsOf(workspace)) >= 1,
  "the second version starts": async (workspace: Workspace) => (await versionsOf(workspace)) >= 2,
};

const isHost = (folder: string) => (line: string) =>
  line.includes("/local/guestHost.js") && line.includes(folder);
const versionsOf = async (workspace: Workspace) => (await find(workspace, isHost("/code-"))).length;

/** Runs `run` with a plugin that is killed while `method` is under way, and resolves to how the run failed. */
export async function killedDuring(
  workspace: Workspace,
  method: string,
  run: () => Promise<unknown>,
): Promise<Error | undefined> {
  const file = join(workspace.folder, "held");
  const { envVars } = (await workspace.stack()).workspace;
  Object.assign(envVars, { NODE_OPTIONS: `--import=${hold}`, HOLD_METHOD: method, HOLD_FILE: file });
  try {
    return await interrupted(workspace, run, async () => {
      await expect.poll(() => readFile(file, "utf8").catch(() => ""), limit).toMatch(/^\d+$/);
      process.kill(Number(await readFile(file, "utf8")), "SIGKILL");
    });
  } finally {
    for (const name of ["NODE_OPTIONS", "HOLD_METHOD", "HOLD_FILE"]) delete envVars[name];
    await rm(file, { force: true });
  }
}

/** Runs `run`, sends the signal to the victim at the moment, and resolves to how the run failed, if it did. */
export async function stoppedWhen(
  workspace: Workspace,
  moment: keyof typeof moments,
  victim: keyof typeof processes,
  signal: NodeJS.Signals,
  run: () => Promise<unknown>,
): Promise<Error | undefined> {
  return await interrupted(workspace, run, async () => {
    await expect.poll(() => moments[moment](workspace), limit).toBe(true);
    const pids = await processes[victim](workspace);
    expect(pids).not.toEqual([]);
    for (const pid of pids) process.kill(pid, signal);
  });
}

async function interrupted(
  workspace: Workspace,
  run: () => Promise<unknown>,
  interrupt: () => Promise<void>,
): Promise<Error | undefined> {
  const outcome = run().then(
    () => undefined,
    (error: Error) => error,
  );
  const tooEarly = outcome.then((error) => Promise.reject(error ?? new Error("It ended before its moment.")));
  await Promise.race([interrupt(), tooEarly]);
  const error = await outcome;
  await expect.poll(() => processes.plugin(workspace), limit).toEqual([]);
  return error;
}
