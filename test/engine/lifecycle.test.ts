/** One module, one grant, one target, from nothing to nothing, by the real engine. */
import { existsSync } from "node:fs";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { isAlive, processesOf } from "./processes.ts";
import { changed, guest, type Outcome, Workspace } from "./workspace.ts";

let workspace: Workspace;
beforeAll(async () => {
  workspace = await Workspace.create();
  await writeFile(join(workspace.program, "api.wasm"), await readFile(guest("echo")));
});
afterAll(() => workspace.remove());

interface Options {
  file?: string;
  http?: string[];
  greeting?: string;
}

function program({ file = "api.wasm", http = [], greeting = "hello" }: Options = {}) {
  return {
    resources: {
      api: { type: "wasm:Module", properties: { file: { "fn::fileAsset": `./${file}` } } },
      access: { type: "wasm:CapabilityGrant", properties: { environment: ["GREETING"], http } },
      edge: { type: "wasm:EdgeTarget", properties: { local: {} } },
      app: {
        type: "wasm:App",
        properties: {
          // biome-ignore-start lint/suspicious/noTemplateCurlyInString: YAML programs refer to resources so
          artifact: "${api.artifact}",
          target: "${edge.target}",
          grants: ["${access.grant}"],
          bindings: { main: { environment: { GREETING: { "fn::secret": greeting } } } },
        },
      },
    },
    outputs: { url: "${app.url}", report: "${app.report}", logFile: "${app.logFile}" },
    // biome-ignore-end lint/suspicious/noTemplateCurlyInString: as above
  };
}

const opsOf = (outcome: Outcome) =>
  changed(outcome)
    .map(({ op, type, name }) => `${op} ${type} ${name}`)
    .sort();

async function answer(path: string): Promise<string> {
  const { url } = await workspace.outputs();
  return await (await fetch(`${String(url)}${path}`)).text();
}

describe("one module on the local target", () => {
  it("is previewed without a process, a guest or a server's folder", async () => {
    await workspace.write(program());
    const preview = await workspace.preview();
    expect(opsOf(preview)).toEqual([
      "create wasm:index:Admission app",
      "create wasm:index:App app",
      "create wasm:index:CapabilityGrant access",
      "create wasm:index:EdgeTarget edge",
      "create wasm:index:Module api",
      "create wasm:local:Server app",
    ]);
    expect(await processesOf(workspace)).toEqual([]);
    expect(existsSync(join(workspace.folder, "state"))).toBe(false);
    expect(existsSync(join(workspace.folder, "cache", "transpiled"))).toBe(false);
  });

  it("is created, and answers with what it was granted and nothing else", async () => {
    await workspace.up();
    expect(await answer("/env")).toBe("GREETING=hello\n");
    expect((await workspace.outputs())["report"]).toContain("environment GREETING");
  });

  it("does not change where nothing has changed", async () => {
    const before = await contents();
    expect(opsOf(await workspace.preview())).toEqual([]);
    expect(opsOf(await workspace.up())).toEqual([]);
    expect(await contents()).toEqual(before);
  });

  it("does not change when the file moves", async () => {
    await writeFile(join(workspace.program, "moved.wasm"), await readFile(guest("echo")));
    await workspace.write(program({ file: "moved.wasm" }));
    expect(opsOf(await workspace.up())).toEqual([]);
  });

  it("updates the module and what runs it for one changed byte, on the same address", async () => {
    const { url } = await workspace.outputs();
    const bytes = await readFile(guest("echo"));
    await writeFile(join(workspace.program, "moved.wasm"), withCustomSection(bytes, "x"));
    const expected = ["update wasm:index:Module api", "update wasm:local:Server app"];
    expect(opsOf(await workspace.preview())).toEqual(expected);
    expect(opsOf(await workspace.up())).toEqual(expected);
    expect((await workspace.outputs())["url"]).toBe(url);
    expect(await answer("/env")).toBe("GREETING=hello\n");
  });

  it("names in the plan what a wider grant opens, and warns that nothing uses it", async () => {
    await workspace.write(program({ file: "moved.wasm", http: ["https://api.example.com"] }));
    const { messages, steps } = await workspace.preview();
    expect(messages).toContain(
      "This widens what may be done:\n+ http https://api.example.com (module main, grant access)",
    );
    expect(messages.join("\n")).toContain("no import of module main uses http https://api.example.com");
    expect(steps.find(({ type }) => type === "wasm:index:CapabilityGrant")?.diff).toEqual(["http[0]"]);
    await workspace.write(program({ file: "moved.wasm" }));
  });

  it("replaces a secret without showing it anywhere", async () => {
    await workspace.write(program({ file: "moved.wasm", greeting: "a new secret" }));
    const { messages } = await workspace.up();
    expect(await answer("/env")).toBe("GREETING=a new secret\n");
    expect(messages.join("\n")).not.toContain("a new secret");
    expect(await workspace.stateText()).not.toContain("a new secret");
  });

  it("brings a dead server back on its port with plain up", async () => {
    const { url } = await workspace.outputs();
    const pid = await serverPid();
    process.kill(pid, "SIGKILL");
    await expect.poll(() => isAlive(pid)).toBe(false);
    expect(opsOf(await workspace.up())).toEqual(["update wasm:local:Server app"]);
    expect((await workspace.outputs())["url"]).toBe(url);
    expect(await answer("/env")).toBe("GREETING=a new secret\n");
  });

  it("finds with refresh that a server is dead, and repairs nothing yet", async () => {
    const pid = await serverPid();
    process.kill(pid, "SIGKILL");
    await expect.poll(() => isAlive(pid)).toBe(false);
    await workspace.refresh();
    expect((await serverState()).outputs?.["running"]).toBe(false);
    expect(opsOf(await workspace.up())).toEqual(["update wasm:local:Server app"]);
  });

  it("leaves nothing behind when it is destroyed", async () => {
    const { url, logFile } = await workspace.outputs();
    await workspace.destroy();
    await expect(fetch(String(url))).rejects.toThrow();
    expect(existsSync(String(logFile))).toBe(false);
    await expect.poll(() => processesOf(workspace)).toEqual([]);
    expect(await workspace.state()).toEqual([]);
  });
});

async function serverState() {
  const server = (await workspace.state()).find(({ type }) => type === "wasm:local:Server");
  if (!server) throw new Error("There is no server in the state.");
  return server;
}

async function serverPid(): Promise<number> {
  const { outputs = {} } = await serverState();
  return (outputs.process as { pid: number }).pid;
}

/** The same component with a custom section at its end: other bytes, the same behaviour. */
function withCustomSection(bytes: Uint8Array, name: string): Uint8Array {
  const label = new TextEncoder().encode(name);
  return new Uint8Array([...bytes, 0, label.length + 1, label.length, ...label]);
}

/** What the state holds of each resource, by its URN. */
async function contents(): Promise<unknown> {
  const resources = await workspace.state();
  return Object.fromEntries(resources.map(({ urn, id, inputs, outputs }) => [urn, { id, inputs, outputs }]));
}
