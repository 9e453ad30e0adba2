/** What a change costs, and what is left of a composition when its bytes are gone, by the real engine. */
import { existsSync } from "node:fs";
import { rm } from "node:fs/promises";
import { join } from "node:path";
import type { Deployment } from "@pulumi/pulumi/automation/index.js";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { composerVersion } from "../../provider/artifacts/compose/index.ts";
import { authenticator, shopModules, storeLink } from "../runtime/compositionModules.ts";
import { composing, parts, writeModules } from "./compositionProgram.ts";
import { changed, EngineFailure, type Outcome, Workspace } from "./workspace.ts";

const names = ["front", "auth", "kv"];
const cache = (workspace: Workspace) => join(workspace.folder, "cache");
const checkLink = (to: string) => ({ from: "front", import: "acme:auth/check", to });

interface Options {
  modules?: Record<string, unknown>;
  links?: unknown[];
  exports?: unknown[];
  /** False: no App. */
  app?: boolean;
  port?: number;
  /** Of a grant that nothing uses. */
  key?: string;
  resources?: readonly string[];
}

// biome-ignore-start lint/suspicious/noTemplateCurlyInString: YAML programs refer to resources so
/** The shop, its App, and a grant beside them. */
function program(options: Options = {}) {
  const { modules, links = [], exports, app = true, key = "KEY", resources = names } = options;
  const shop = {
    modules: modules ?? parts(...names),
    links: [storeLink, ...links],
    ...(exports && { exports }),
  };
  return {
    resources: {
      ...composing(resources, { shop }),
      other: { type: "wasm:CapabilityGrant", properties: { environment: [key] } },
      ...(app && running(options)),
    },
    outputs: { digest: "${shop.digest}", ...(app && { url: "${app.url}" }) },
  };
}

function running({ port }: Options) {
  const local = port === undefined ? {} : { local: { port } };
  const properties = { artifact: "${shop.artifact}", target: "${edge.target}", ...local };
  return {
    edge: { type: "wasm:EdgeTarget", properties: { local: {} } },
    app: { type: "wasm:App", properties },
  };
}
// biome-ignore-end lint/suspicious/noTemplateCurlyInString: as above

const opsOf = (outcome: Outcome) =>
  changed(outcome)
    .map(({ op, type, name }) => `${op} ${type} ${name}`)
    .sort();

async function answer(workspace: Workspace, token: string): Promise<[status: number, text: string]> {
  const { url } = await workspace.outputs();
  const response = await fetch(`${String(url)}/?token=${token}`);
  return [response.status, await response.text()];
}

/** A port that was free a moment ago. */
async function freePort(): Promise<number> {
  const { createServer } = await import("node:net");
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as { port: number };
  await new Promise((resolve) => server.close(resolve));
  return port;
}

describe("a composition of three modules", () => {
  let workspace: Workspace;
  beforeAll(async () => {
    workspace = await Workspace.create();
    await writeModules(workspace, await shopModules());
  });
  afterAll(() => workspace.remove());

  const planned = async (options?: Options) => {
    await workspace.write(program(options));
    const plan = opsOf(await workspace.preview());
    expect(opsOf(await workspace.up())).toEqual(plan);
    return plan;
  };

  test("answers through all of them, and does not change where nothing has changed", async () => {
    await workspace.write(program());
    await workspace.up();
    expect(await answer(workspace, "")).toEqual([401, "unknown token\n"]);
    // The token is accepted, and the store traps.
    expect((await answer(workspace, "123456"))[0]).toBe(500);
    expect(await planned()).toEqual([]);
  });

  test("moves with one changed module, and nothing else does but what runs it", async () => {
    await writeModules(workspace, { auth: await authenticator("no such token") });
    expect(await planned()).toEqual([
      "update wasm:index:Composition shop",
      "update wasm:index:Module auth",
      "update wasm:local:Server app",
    ]);
    expect(await answer(workspace, "")).toEqual([401, "no such token\n"]);
  });

  test("shows a changed link in the plan", async () => {
    const [{ auth: sso } = {}] = [parts("auth")];
    const modules = { ...parts(...names), sso };
    await planned({ modules, links: [checkLink("auth")] });
    await workspace.write(program({ modules, links: [checkLink("sso")] }));
    const { steps } = await workspace.preview();
    expect(steps.find(({ type }) => type === "wasm:index:Composition")?.diff).toEqual(["links[1].to"]);
    expect(await planned({ modules, links: [checkLink("sso")] })).toEqual([
      "update wasm:index:Composition shop",
      "update wasm:local:Server app",
    ]);
    await planned();
  });

  test("is made again, the same, where the store is gone and only the App's port changes", async () => {
    const { digest } = await workspace.outputs();
    await rm(cache(workspace), { recursive: true });
    expect(await planned({ port: await freePort() })).toEqual(["update wasm:local:Server app"]);
    expect((await workspace.outputs()).digest).toBe(digest);
    expect(await answer(workspace, "")).toEqual([401, "no such token\n"]);
    expect(existsSync(blob(workspace, String(digest)))).toBe(true);
  });

  test("is made again from its recipe where its bytes alone are gone", async () => {
    const { digest } = await workspace.outputs();
    await rm(blob(workspace, String(digest)));
    expect(await planned({ port: await freePort() })).toEqual(["update wasm:local:Server app"]);
    expect(existsSync(blob(workspace, String(digest)))).toBe(true);
    expect(await answer(workspace, "")).toEqual([401, "no such token\n"]);
    await planned();
  });

  test("is kept when the composer was upgraded, until an input changes, and then the plan says so", async () => {
    await rewriteState(workspace, (state) => {
      const own = `\\"composer\\":\\"${composerVersion}\\"`;
      expect(state).toContain(own);
      return state.replaceAll(own, '\\"composer\\":\\"0.0.9\\"');
    });
    expect(await planned()).toEqual([]);
    expect(await workspace.stateText()).toContain('composer\\":\\"0.0.9');

    await writeModules(workspace, { auth: await authenticator("who is this") });
    const { messages } = await workspace.preview();
    expect(messages).toContain(`composer 0.0.9 → ${composerVersion}`);
    await planned();
    expect(await workspace.stateText()).not.toContain('composer\\":\\"0.0.9');
    expect(await answer(workspace, "")).toEqual([401, "who is this\n"]);
  });
});

describe("a composition whose modules have gone with the store", () => {
  let workspace: Workspace;
  const digests = new Map<string, unknown>();
  let without: (options?: Options) => ReturnType<typeof program>;
  beforeEach(async () => {
    workspace = await Workspace.create();
    await writeModules(workspace, await shopModules());
    await workspace.write(program());
    await workspace.up();
    const modules: Record<string, { artifact: unknown }> = {};
    digests.clear();
    for (const { type, urn, outputs: { artifact, digest } = {} } of await workspace.state()) {
      if (type !== "wasm:index:Module") continue;
      const name = urn.slice(urn.lastIndexOf(":") + 1);
      modules[name] = { artifact };
      digests.set(name, digest);
    }
    // As from another stack: plain data.
    without = (options) => program({ ...options, modules, resources: [] });
    await workspace.write(without());
    expect(opsOf(await workspace.up())).toEqual(
      names.map((name) => `delete wasm:index:Module ${name}`).sort(),
    );
    for (const name of names) await rm(join(workspace.program, `${name}.wasm`));
    await rm(cache(workspace), { recursive: true });
  });
  afterEach(() => workspace.remove());

  test("stays as it is in an update of something else, and is refreshed and destroyed", async () => {
    await workspace.write(without({ key: "OTHER", app: false }));
    const expected = [
      "delete wasm:index:Admission app",
      "delete wasm:index:App app",
      "delete wasm:index:EdgeTarget edge",
      "delete wasm:local:Server app",
      "update wasm:index:CapabilityGrant other",
    ];
    expect(opsOf(await workspace.preview())).toEqual(expected);
    expect(opsOf(await workspace.up())).toEqual(expected);
    await workspace.refresh();
    await workspace.destroy();
    expect(await workspace.state()).toEqual([]);
  });

  test("stays as it is with its App in an update of something else, and fails a change of the App", async () => {
    await workspace.write(without({ key: "OTHER" }));
    expect(opsOf(await workspace.preview())).toEqual(["update wasm:index:CapabilityGrant other"]);
    expect(opsOf(await workspace.up())).toEqual(["update wasm:index:CapabilityGrant other"]);
    await workspace.write(without({ key: "OTHER", port: await freePort() }));
    const failure = await workspace.up().catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(EngineFailure);
    expect((failure as EngineFailure).outcome.messages.join("\n")).toMatch(
      /Module `(front|auth|kv)`: The bytes of sha256:[0-9a-f]{64} are not in this machine's cache\. Run with the Module that they come from; an Image would carry them to other machines\./,
    );
    // What runs goes on.
    expect(await answer(workspace, "")).toEqual([401, "unknown token\n"]);
  });

  test("goes on running, and is destroyed with its App", async () => {
    await workspace.refresh();
    expect(await answer(workspace, "")).toEqual([401, "unknown token\n"]);
    await workspace.destroy();
    expect(await workspace.state()).toEqual([]);
  });

  test("fails what needs its bytes, in preview, with the Modules' names and the way out", async () => {
    const exports = [{ from: "front", export: "wasi:http/incoming-handler" }];
    await workspace.write(without({ exports, app: false }));
    const failure = await workspace.preview().catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(EngineFailure);
    const said = (failure as EngineFailure).outcome.messages.join("\n");
    for (const name of names) {
      expect(said).toContain(
        `Module \`${name}\`: The bytes of ${digests.get(name)} are not in this machine's cache. Run with the Module that they come from; an Image would carry them to other machines.`,
      );
    }
  });
});

function blob(workspace: Workspace, digest: string): string {
  return join(cache(workspace), "blobs", digest.replace(":", "/"));
}

async function rewriteState(workspace: Workspace, change: (json: string) => string): Promise<void> {
  const stack = await workspace.stack();
  const { version, deployment } = await stack.exportStack();
  const rewritten = change(JSON.stringify(deployment));
  await stack.importStack({ version, deployment: JSON.parse(rewritten) } as Deployment);
}
