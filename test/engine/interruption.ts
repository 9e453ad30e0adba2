/** Ways to end a run in its midst, at a point that is certain. */
import { readdirSync, readFileSync } from "node:fs";
import { readFile, rm } from "node:fs/promises";
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

/**
 * The plugin's processes of a workspace whose command line says so: the plugin itself, supervisors, guests' hosts. Asked all
 * the time while something runs, so it reads in one go, which takes a tenth of the processor's time.
 */
function find({ folder }: Workspace, isWanted: (commandLine: string) => boolean): Found[] {
  const pids = readdirSync("/proc").filter((name) => /^\d+$/.test(name));
  return pids.flatMap((pid) => {
    const read = (file: string) => readOrNothing(`/proc/${pid}/${file}`);
    const commandLine = read("cmdline");
    if (!isWanted(commandLine)) return [];
    const isOurs = commandLine.includes(`${folder}/`) || read("environ").includes(`=${folder}/`);
    const parent = /^\d+ \(.*\) \S (\d+)/s.exec(read("stat"))?.[1];
    return isOurs ? [{ pid: Number(pid), parent: Number(parent), commandLine }] : [];
  });
}

function readOrNothing(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    // It has ended meanwhile.
    return "";
  }
}

const pluginsOf = (workspace: Workspace) => find(workspace, (line) => line.includes("/dist/main.js\0"));

/** What to end, by the name that the tests have for it; resolves to process ids. */
export const processes = {
  plugin: (workspace: Workspace) => pluginsOf(workspace).map(({ pid }) => pid),
  engine: (workspace: Workspace) => pluginsOf(workspace).map(({ parent }) => parent),
  /** The engine's own, which outlives it. */
  languageHost: (workspace: Workspace) =>
    find(workspace, (line) => line.includes("/pulumi-language-yaml\0")).map(({ pid }) => pid),
  supervisor: (workspace: Workspace) =>
    find(workspace, (line) => line.includes("/local/supervisor.js\0")).map(({ pid }) => pid),
};

/** Points of a run that its processes show. */
const moments = {
  "a component is compiled": (workspace: Workspace) => find(workspace, isHost("/transpiled/")).length > 0,
  "the first version starts": (workspace: Workspace) => versionsOf(workspace) >= 1,
  "the second version starts": (workspace: Workspace) => versionsOf(workspace) >= 2,
};

const isHost = (folder: string) => (line: string) =>
  line.includes("/local/guestHost.js") && line.includes(folder);
const versionsOf = (workspace: Workspace) => find(workspace, isHost("/code-")).length;

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
    const pids = processes[victim](workspace);
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
