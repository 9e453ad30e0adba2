/** What resource options on an App do to it and to its children, with the Node SDK; docs/options.md says the same as a table. */
import { readdir, readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { join } from "node:path";
import * as pulumi from "@pulumi/pulumi";
import { LocalWorkspace } from "@pulumi/pulumi/automation/index.js";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { parse } from "yaml";
import { compileNodeSdk } from "../../tools/sdk/compile.ts";
import { nodeWorkspace, program } from "./nodeProgram.ts";
import { isAlive } from "./processes.ts";
import { changed, guest, type Outcome, type StoredResource, Workspace } from "./workspace.ts";

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

test("aliases: a running App that is renamed and changed in one run keeps its address, and one process", async () => {
  const running = (name: string, memory: number, options: string) => `
    const app = new wasm.App("${name}", { ...args, local: {}, limits: { memory: ${memory} } }, ${options});
    export const url = app.url;
  `;
  const { outputs } = await up(running("before", 64, "{}"));
  const started = (await stored("before")).server.outputs?.process as { pid: number };
  const renamed = await up(running("after", 65, '{ aliases: [{ name: "before" }] }'));
  expect(changes(renamed, "before", "after").map(({ op, type }) => [op, type])).toEqual([
    ["update", "wasm:local:Server"],
  ]);
  expect(renamed.outputs.url).toBe(outputs.url);
  const response = await fetch(String(outputs.url));
  expect(response.status).toBe(200);
  const now = (await stored("after")).server.outputs?.process as { pid: number };
  await up("");
  await expect(fetch(String(outputs.url))).rejects.toThrow();
  for (const { pid } of [started, now]) await expect.poll(() => isAlive(pid)).toBe(false);
});

test("aliases: a running App that is renamed leaves its old name free for another one", async () => {
  const apps = (...all: [name: string, options: string][]) =>
    all.map(([name, options]) => `new wasm.App("${name}", { ...args, local: {} }, ${options});`).join("\n");
  await up(apps(["first", "{}"]));
  const before = (await stored("first")).server.outputs?.process as { url: string };
  await up(apps(["second", '{ aliases: [{ name: "first" }] }']));
  const renamed = (await stored("second")).server.outputs?.process as { url: string; pid: number };
  expect(renamed.url).toBe(before.url);
  await up(apps(["second", "{}"], ["first", "{}"]));
  const other = (await stored("first")).server.outputs?.process as { url: string; pid: number };
  expect(other.pid).not.toBe(renamed.pid);
  for (const { url } of [renamed, other]) expect((await fetch(url)).status).toBe(200);
  await up("");
});

test("transforms: an App's own are asked for each child, for inputs and options", async () => {
  await up(`
    new wasm.App("shaped", args, {
      transforms: [async ({ type, props, opts }) =>
        type === "wasm:local:Server" ? { props: { ...props, memory: 99 }, opts } : undefined],
    });
  `);
  expect((await stored("shaped")).server.inputs).toMatchObject({ memory: 99 });
  // What ignoreChanges on the App cannot do.
  await up(`
    new wasm.App("shaped", args, {
      transforms: [({ type, props, opts }) =>
        type === "wasm:local:Server"
          ? { props, opts: pulumi.mergeOptions(opts, { ignoreChanges: ["memory"] }) }
          : undefined],
    });
  `);
  expect((await stored("shaped")).server.inputs).toMatchObject({ memory: 99 });
});

// Run in this process: language hosts as old as those that can be built here do not pass on such a transform.
test("transforms: the stack's are asked for each child", async () => {
  await program(workspace, "");
  await workspace.up();
  const { workspace: settings } = await workspace.stack();
  const sdk = createRequire(import.meta.url)(await compileNodeSdk()) as Sdk;
  const inline = async () => {
    pulumi.runtime.registerResourceTransform(({ type, props, opts }) =>
      type === "wasm:local:Server" ? { props: { ...props, requestTimeout: 7 }, opts } : undefined,
    );
    const module = new sdk.Module("inline", { file: new pulumi.asset.FileAsset(guest("echo")) });
    const edge = new sdk.EdgeTarget("inline", { local: {} });
    new sdk.App("inline", { artifact: module.artifact, target: edge.target, local: { start: false } });
  };
  const stack = await LocalWorkspace.selectStack(
    { stackName: "dev", projectName: "project", program: inline },
    { workDir: workspace.program, envVars: workspace.environment, pulumiCommand: settings.pulumiCommand },
  );
  await stack.up();
  expect((await stored("inline")).server.inputs).toMatchObject({ requestTimeout: 7 });
});

/** What the test uses of the Node SDK as it is compiled. */
interface Sdk {
  Module: new (name: string, args: pulumi.Inputs) => { artifact: pulumi.Output<unknown> };
  EdgeTarget: new (name: string, args: pulumi.Inputs) => { target: pulumi.Output<string> };
  App: new (name: string, args: pulumi.Inputs) => pulumi.ComponentResource;
}

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

test("secrets in bindings: no plain text in state, backend, cache, events or report", async () => {
  const hidden = ["leaf-Xq7", "family-Xq7", "module-Xq7", "whole-Xq7", "config-Xq7"];
  const [leaf, family, module, whole, config] = hidden;
  const body = `
    const keys = new wasm.CapabilityGrant("keys", { environment: ["KEY"], config: ["KEY"] });
    const app = (name: string, bindings: wasm.AppArgs["bindings"]) =>
      new wasm.App(name, { ...args, grants: [keys.grant], bindings });
    const config = pulumi.secret({ KEY: "${config}" });
    export const report = app("leaf", { main: { environment: { KEY: pulumi.secret("${leaf}") }, config } }).report;
    app("family", { main: { environment: pulumi.secret({ KEY: "${family}" }), config } });
    app("module", { main: pulumi.secret({ environment: { KEY: "${module}" }, config }) });
    app("whole", pulumi.secret({ main: { environment: { KEY: "${whole}" }, config } }));
  `;
  await program(workspace, body);
  const previewed = await workspace.preview();
  const done = await workspace.up();
  const said = JSON.stringify([previewed.events, done.events]);
  expect(hidden.filter((secret) => said.includes(secret))).toEqual([]);
  for (const folder of ["backend", "cache", "state"]) {
    expect(await filesWith(join(workspace.folder, folder), hidden), folder).toEqual([]);
  }
  expect(done.outputs.report).toContain("environment KEY");
  // The values did arrive where they belong.
  expect((await stored("leaf")).server.inputs?.environment).toMatchObject({ plaintext: `{"KEY":"${leaf}"}` });
  expect((await stored("whole")).server.inputs?.config).toMatchObject({ plaintext: `{"KEY":"${config}"}` });
});

/** Files below a folder, which need not exist, that hold one of the texts. */
async function filesWith(folder: string, texts: readonly string[]): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true }).catch(() => []);
  const files = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  const contents = await Promise.all(files.map((file) => readFile(file)));
  return files.filter((_file, i) => texts.some((text) => contents[i]?.includes(text)));
}

describe("what is not known yet in preview", () => {
  // The URL of a server that has not started is known after `up` only.
  const body = `
    const source = new wasm.App("source", { artifact: echo.artifact, target: edge.target });
    const later = <T>(value: pulumi.Input<T>): pulumi.Output<T> =>
      pulumi.all([source.url, value]).apply(([, known]) => known as T);
    const origin = source.url.apply((url) => String(url));

    const elsewhere = new wasm.EdgeTarget("elsewhere", { local: { memory: later(77) } });
    const open = new wasm.CapabilityGrant("open", { http: [origin], environment: ["KEY"] });
    const bindings = { main: { environment: { KEY: "v" } } };
    new wasm.App("artifact", { ...args, artifact: later(echo.artifact) });
    new wasm.App("target", { ...args, target: elsewhere.target });
    new wasm.App("value", { ...args, grants: [grant.grant], bindings: { main: { environment: { KEY: origin } } } });
    new wasm.App("bindings", { ...args, grants: [grant.grant], bindings: later(bindings) });
    new wasm.App("grants", { ...args, grants: later([grant.grant]), bindings });
    new wasm.App("grant", { ...args, grants: [open.grant], denied: later([]), bindings });
    new wasm.App("limits", { ...args, limits: { memory: later(88) } });
    new wasm.App("anywhere", { ...args, target: later(edge.target) });
  `;
  const names = ["artifact", "target", "value", "bindings", "grants", "grant", "limits"];
  beforeAll(async () => {
    await up("");
    await program(workspace, body);
  });

  test("each App previews with its children", async () => {
    const { steps } = await workspace.preview();
    const family = (name: string) =>
      steps
        .filter((step) => step.name === name && step.op === "create")
        .map(({ type }) => type.split(":").at(-1));
    for (const name of names) {
      expect(
        family(name).filter((type) => type !== "CapabilityGrant"),
        name,
      ).toEqual(expect.arrayContaining(["App", "Admission", "Server"]));
    }
    // Of a place that is not known at all there is no telling what a child would be.
    expect(family("anywhere")).toEqual(["App", "Admission"]);
  });

  test("and comes about with what became known", async () => {
    await workspace.up();
    expect((await stored("target")).server.inputs).toMatchObject({ memory: 77 });
    expect((await stored("limits")).server.inputs).toMatchObject({ memory: 88 });
    const url = (await stored("source")).server.outputs?.url as string;
    expect(url).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/);
    expect((await stored("grant")).app.outputs?.report).toContain(url);
    const { server } = await stored("value");
    expect(server.inputs?.environment).toMatchObject({ plaintext: JSON.stringify({ KEY: url }) });
    expect(server.propertyDependencies?.environment).toContainEqual(expect.stringMatching(/::source$/));
    expect((await stored("anywhere")).server.inputs).toMatchObject({ start: false });
    expect(changed(await workspace.preview())).toEqual([]);
  });
});

// Not in the Node SDK, which has this option for custom resources only.
test("additionalSecretOutputs: hold in YAML, for the App and for its children", async () => {
  await using yaml = await Workspace.create();
  await yaml.write(
    parse(`
      resources:
        echo: { type: wasm:Module, properties: { file: { fn::fileAsset: ${guest("echo")} } } }
        edge: { type: wasm:EdgeTarget, properties: { local: {} } }
        app:
          type: wasm:App
          properties: { artifact: "\${echo.artifact}", target: "\${edge.target}", local: { start: false } }
          options: { additionalSecretOutputs: [report], deleteBeforeReplace: true }
      outputs: { report: "\${app.report}" }
    `),
  );
  await yaml.up();
  expect(await yaml.stateText()).not.toContain("No grants");
  const app = (await yaml.state()).find(({ type }) => type === "wasm:index:App");
  expect(app?.outputs?.report).toMatchObject({ plaintext: expect.stringContaining("No grants") });
});
