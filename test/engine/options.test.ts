/** What resource options on an App do to it and to its children, with the Node SDK; docs/options.md says the same as a table. */
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { nodeWorkspace, program } from "./nodeProgram.ts";
import { changed, type Outcome, type StoredResource, type Workspace } from "./workspace.ts";

let workspace: Workspace;
beforeAll(async () => {
  workspace = await nodeWorkspace();
});
afterAll(() => workspace?.remove());

async function up(body: string): Promise<Outcome> {
  await program(workspace, body);
  return workspace.up();
}

interface Family {
  app: StoredResource;
  admission: StoredResource;
  server: StoredResource;
}

async function stored(name: string): Promise<Family> {
  const state = await workspace.state();
  const find = (type: string) => {
    const found = state.find((resource) => resource.type === type && resource.urn.endsWith(`::${name}`));
    if (!found) throw new Error(`The state has no ${type} ${name}.`);
    return found;
  };
  return {
    app: find("wasm:index:App"),
    admission: find("wasm:index:Admission"),
    server: find("wasm:local:Server"),
  };
}

const each = <T>({ app, admission, server }: Family, read: (resource: StoredResource) => T) =>
  [app, admission, server].map(read);

const changes = (outcome: Outcome, ...names: string[]) =>
  changed(outcome).filter(({ name }) => names.includes(name));

describe("what stays with an App", () => {
  const held = (memory: number, options: string) => `
    new wasm.App("held", { ...args, grants: [grant.grant], bindings: { main: { environment: { KEY: "v" } } }, limits: { memory: ${memory} } }, {
      retainOnDelete: true,
      deletedWith: edge,
      customTimeouts: { create: "5m", update: "6m", delete: "7m" },
      ignoreChanges: ["limits"],
      replaceOnChanges: ["limits"],
      ${options}
    });
  `;
  beforeAll(async () => void (await up(held(64, "protect: true"))));
  afterAll(async () => void (await up(held(64, "protect: false"))));

  test("outputs: they are in the state, for the console and for policies", async () => {
    const { app } = await stored("held");
    expect(app.outputs).toEqual({ report: expect.stringContaining("environment KEY") });
  });

  test("protect: holds for the children too, and the App cannot be removed", async () => {
    expect(each(await stored("held"), ({ protect }) => protect)).toEqual([true, true, true]);
    await program(workspace, "");
    await expect(workspace.preview()).rejects.toThrow("protect");
  });

  test("retainOnDelete and deletedWith: hold for the children too", async () => {
    const family = await stored("held");
    expect(each(family, ({ retainOnDelete }) => retainOnDelete)).toEqual([true, true, true]);
    const edge = expect.stringMatching(/wasm:index:EdgeTarget::edge$/);
    expect(each(family, ({ deletedWith }) => deletedWith)).toEqual([edge, edge, edge]);
  });

  test("customTimeouts: hold for the server, each of them", async () => {
    const { app, server } = await stored("held");
    expect(app.customTimeouts).toEqual({ create: 300, update: 360, delete: 420 });
    expect(server.customTimeouts).toEqual(app.customTimeouts);
  });

  test("ignoreChanges and replaceOnChanges: say nothing of the children, which change in place", async () => {
    const outcome = await up(held(65, "protect: true"));
    expect(changes(outcome, "held")).toEqual([
      { op: "update", type: "wasm:local:Server", name: "held", diff: ["memory"], replaces: [] },
    ]);
  });
});

test("aliases: an App that is renamed, and one that moves, keep their children", async () => {
  await up('new wasm.App("old", args);');
  const { server } = await stored("old");

  const renamed = await up('new wasm.App("new", args, { aliases: [{ name: "old" }] });');
  expect(changes(renamed, "old", "new")).toEqual([]);
  expect((await stored("new")).server.id).toBe(server.id);

  const moved = await up(`
    const group = new pulumi.ComponentResource("acme:index:Group", "group");
    new wasm.App("new", args, { parent: group, aliases: [{ parent: pulumi.rootStackResource }] });
  `);
  expect(changes(moved, "new")).toEqual([]);
  const inside = await stored("new");
  expect(inside.app.parent).toMatch(/acme:index:Group::group$/);
  expect(inside.server.id).toBe(server.id);

  await program(workspace, `new wasm.App("back", args, { aliases: [${JSON.stringify(inside.app.urn)}] });`);
  expect(changes(await workspace.preview(), "new", "back")).toEqual([]);
});

test("transforms: an App's own are asked for each child", async () => {
  await up(`
    new wasm.App("shaped", args, {
      transforms: [async ({ type, props, opts }) =>
        type === "wasm:local:Server" ? { props: { ...props, memory: 99 }, opts } : undefined],
    });
  `);
  expect((await stored("shaped")).server.inputs).toMatchObject({ memory: 99 });
});

test("dependsOn: what the App waits for comes before its children, and goes after them", async () => {
  const created = await up(`
    const first = new wasm.App("first", args);
    new wasm.App("second", args, { dependsOn: first });
  `);
  expect(servers(created, "create", "first", "second")).toEqual(["first", "second"]);
  const deleted = await up("");
  expect(servers(deleted, "delete", "first", "second")).toEqual(["second", "first"]);
});

function servers({ steps }: Outcome, op: string, ...names: string[]): string[] {
  const found = steps.filter((step) => step.op === op && step.type === "wasm:local:Server");
  return found.map(({ name }) => name).filter((name) => names.includes(name));
}

test("an explicit provider: manages the children, with its own cache", async () => {
  const cache = join(workspace.folder, "own-cache");
  const options = ["provider: own", "providers: [own]", "providers: { wasm: own }"];
  await up(`
    const own = new wasm.Provider("own", { cacheDirectory: ${JSON.stringify(cache)} });
    const mine = new wasm.Module("mine", { file }, { provider: own });
    ${options.map((option, i) => `new wasm.App("explicit${i}", { ...args, artifact: mine.artifact }, { ${option} });`).join("\n")}
  `);
  for (const [i, option] of options.entries()) {
    const { admission, server } = await stored(`explicit${i}`);
    expect(admission.provider, option).toMatch(/pulumi:providers:wasm::own::/);
    expect(server.provider, option).toBe(admission.provider);
  }
  expect(await readdir(cache)).not.toEqual([]);
});
