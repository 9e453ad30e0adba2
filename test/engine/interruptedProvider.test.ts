/** The plugin killed in the midst of each method: the next `pulumi up` completes, and `pulumi destroy` leaves nothing. */
import { existsSync } from "node:fs";
import { readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { killedDuring, processes, stoppedWhen } from "./interruption.ts";
import { processesOf } from "./processes.ts";
import { guest, Workspace } from "./workspace.ts";

let workspace: Workspace;
beforeAll(async () => {
  workspace = await Workspace.create();
});
afterAll(() => workspace.remove());

const program = (greeting: string) => ({
  resources: {
    api: { type: "wasm:Module", properties: { file: { "fn::fileAsset": "./api.wasm" } } },
    access: { type: "wasm:CapabilityGrant", properties: { environment: ["GREETING"] } },
    edge: { type: "wasm:EdgeTarget", properties: { local: {} } },
    app: {
      type: "wasm:App",
      properties: {
        // biome-ignore-start lint/suspicious/noTemplateCurlyInString: YAML programs refer to resources so
        artifact: "${api.artifact}",
        target: "${edge.target}",
        grants: ["${access.grant}"],
        bindings: { main: { environment: { GREETING: greeting } } },
      },
    },
  },
  outputs: { url: "${app.url}" },
  // biome-ignore-end lint/suspicious/noTemplateCurlyInString: as above
});

/** Another version of program and module: every resource but the target differs. Resolves to what it answers. */
async function version(name: string): Promise<string> {
  await workspace.write(program(name));
  const section = Buffer.from([0, name.length + 1, name.length, ...Buffer.from(name)]);
  await writeFile(
    join(workspace.program, "api.wasm"),
    Buffer.concat([await readFile(guest("echo")), section]),
  );
  return `GREETING=${name}\n`;
}

async function answer(): Promise<string> {
  const { url } = await workspace.outputs();
  return await (await fetch(`${String(url)}/env`)).text();
}

async function expectNothingLeft(): Promise<void> {
  await expect.poll(() => processesOf(workspace)).toEqual([]);
  expect(await workspace.state()).toEqual([]);
  const local = join(workspace.folder, "state", "local");
  expect(existsSync(local) ? await readdir(local) : []).toEqual([]);
}

/** The engine's words for a plugin that went away. */
const gone = /error reading from server|exited prematurely|connection reset|Unavailable/;

describe("the plugin is killed during", () => {
  it.each(["Configure", "Construct", "Check", "Create"])("%s of the first up", async (method) => {
    const expected = await version(`first-${method}`);
    const error = await killedDuring(workspace, method, () => workspace.up());
    expect(error?.message).toMatch(gone);
    expect(await processesOf(workspace)).toEqual([]);
    await workspace.up();
    expect(await answer()).toBe(expected);
    await workspace.destroy();
    await expectNothingLeft();
  });

  it.each(["Check", "Diff", "Read", "Update"])("%s of a later up", async (method) => {
    const before = await version(`before-${method}`);
    await workspace.up();
    const { url } = await workspace.outputs();
    const expected = await version(`later-${method}`);
    const error = await killedDuring(workspace, method, () => workspace.up());
    expect(error?.message).toMatch(gone);
    expect(await answer()).toBe(before);
    await workspace.up();
    expect(await answer()).toBe(expected);
    expect((await workspace.outputs()).url).toBe(url);
  });

  it("Delete", async () => {
    await version("deleted");
    await workspace.up();
    const error = await killedDuring(workspace, "Delete", () => workspace.destroy());
    expect(error?.message).toMatch(gone);
    await workspace.destroy();
    await expectNothingLeft();
  });
});

describe("in the midst of a create", () => {
  it.each([
    ["a component is compiled", "plugin", "SIGKILL"],
    ["the first version starts", "plugin", "SIGKILL"],
    ["a component is compiled", "engine", "SIGINT"],
    ["the first version starts", "engine", "SIGINT"],
    ["the first version starts", "engine", "SIGKILL"],
  ] as const)("when %s, the %s gets %s", async (moment, victim, signal) => {
    const expected = await version(`create-${moment}-${victim}-${signal}`.replaceAll(" ", "-"));
    const error = await stoppedWhen(workspace, moment, victim, signal, () => workspace.up());
    expect(error?.message).not.toMatch(/defect/);
    // An engine that was killed leaves its language host and its lock.
    const isKilled = signal === "SIGKILL" && victim === "engine";
    if (isKilled) for (const pid of processes.languageHost(workspace)) process.kill(pid, "SIGKILL");
    // A start that was finished by then stays, and the next run takes that server over; one that was not is taken back,
    // which the runtime tier holds.
    await expect.poll(() => processes.plugin(workspace), { timeout: 30_000 }).toEqual([]);
    if (isKilled) await (await workspace.stack()).cancel();
    await workspace.up();
    expect(await answer()).toBe(expected);
    expect(processes.supervisor(workspace)).toHaveLength(1);
    await workspace.destroy();
    await expectNothingLeft();
  });

  it("when the first version starts, the supervisor gets SIGKILL: another one takes its place, in this run or the next", async () => {
    const expected = await version("create-supervisor");
    const moment = "the first version starts";
    expect(
      await stoppedWhen(workspace, moment, "supervisor", "SIGKILL", () => workspace.up()),
    ).toBeUndefined();
    // The signal may come after the version was committed: then plain `up` repairs it.
    await workspace.up();
    expect(await answer()).toBe(expected);
    expect(processes.supervisor(workspace)).toHaveLength(1);
  });
});

describe("in the midst of an update", () => {
  let url: unknown;
  let before: string;
  beforeEach(async () => {
    before = await version("before");
    await workspace.up();
    url = (await workspace.outputs()).url;
  });

  async function expectServed(expected: string): Promise<void> {
    expect(await answer()).toBe(expected);
    expect((await workspace.outputs()).url).toBe(url);
    expect(processes.supervisor(workspace)).toHaveLength(1);
  }

  it.each([
    ["a component is compiled", "plugin", "SIGKILL"],
    ["the second version starts", "plugin", "SIGKILL"],
    ["a component is compiled", "engine", "SIGINT"],
    ["the second version starts", "engine", "SIGINT"],
  ] as const)("when %s, the %s gets %s: the former version serves on", async (moment, victim, signal) => {
    const expected = await version(`update-${moment}-${victim}-${signal}`.replaceAll(" ", "-"));
    const error = await stoppedWhen(workspace, moment, victim, signal, () => workspace.up());
    expect(error).toBeDefined();
    expect(error?.message).not.toMatch(/defect/);
    await expectServed(before);
    await workspace.up();
    await expectServed(expected);
  });

  it("when the second version starts, the supervisor gets SIGKILL: another one takes its place and port, in this run or the next", async () => {
    const expected = await version("update-supervisor");
    const moment = "the second version starts";
    expect(
      await stoppedWhen(workspace, moment, "supervisor", "SIGKILL", () => workspace.up()),
    ).toBeUndefined();
    // The signal may come after the version was committed: then plain `up` repairs it.
    await workspace.up();
    await expectServed(expected);
  });

  it("leaves nothing behind in the end", async () => {
    await workspace.destroy();
    await expectNothingLeft();
  });
});
