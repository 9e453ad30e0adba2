/** What a seal costs its user, by the real engine: nothing moves but with what it is made of, and nothing runs without one. */
import { readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import type { Deployment } from "@pulumi/pulumi/automation/index.js";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { composerVersion } from "../../provider/artifacts/compose/index.ts";
import { dummy } from "../runtime/compositionModules.ts";
import { wit } from "../unit/composeSetup.ts";
import { composing, writeModules } from "./compositionProgram.ts";
import { changed, EngineFailure, guest, type Outcome, type StoredResource, Workspace } from "./workspace.ts";

const environment = "wasi:cli/environment@0.2.0";
const getEnvironment = wit(environment, "get-environment: func() -> list<tuple<string, string>>;");

let workspace: Workspace;
async function open(written: ReturnType<typeof program>): Promise<void> {
  workspace = await Workspace.create();
  const side = await dummy(
    `import ${environment}; export acme:side/api;`,
    getEnvironment,
    wit("acme:side/api"),
  );
  await writeModules(workspace, { api: await readFile(guest("echo")), side });
  await workspace.write(written);
  await workspace.up();
}

interface Options {
  /** Names of grants. */
  grant?: string;
  /** Of a grant that nothing uses. */
  key?: string;
  artifact?: unknown;
  memory?: number;
  modules?: string[];
}

// biome-ignore-start lint/suspicious/noTemplateCurlyInString: YAML programs refer to resources so
const greeted = (grant: string) => ({
  [grant]: { type: "wasm:CapabilityGrant", properties: { environment: ["GREETING"] } },
});
const greeting = (text: string) => ({ environment: { GREETING: { "fn::secret": text } } });

function program(resources: Record<string, unknown>, key = "KEY") {
  return {
    resources: {
      ...composing(["api", "side"], {}),
      other: { type: "wasm:CapabilityGrant", properties: { environment: [key] } },
      edge: { type: "wasm:EdgeTarget", properties: { local: {} } },
      ...resources,
    },
    outputs: { url: "${app.url}", report: "${app.report}" },
  };
}

/** An App of one Module. */
function single({ grant = "access", key, artifact = "${api.artifact}", memory }: Options = {}) {
  const properties = {
    artifact,
    target: "${edge.target}",
    grants: [`\${${grant}.grant}`],
    bindings: { main: greeting("hello") },
    ...(memory && { limits: { memory } }),
  };
  return program({ ...greeted(grant), app: { type: "wasm:App", properties } }, key);
}

/** An App of a Composition. */
function composed({ grant = "access", key, modules = ["api"] }: Options = {}) {
  const part = (name: string) => ({ artifact: `\${${name}.artifact}`, grants: [`\${${grant}.grant}`] });
  return program(
    {
      ...greeted(grant),
      shop: {
        type: "wasm:Composition",
        properties: { modules: Object.fromEntries(modules.map((name) => [name, part(name)])) },
      },
      app: {
        type: "wasm:App",
        properties: {
          artifact: "${shop.artifact}",
          target: "${edge.target}",
          bindings: Object.fromEntries(modules.map((name) => [name, greeting(`hello ${name}`)])),
        },
      },
    },
    key,
  );
}
// biome-ignore-end lint/suspicious/noTemplateCurlyInString: as above

const opsOf = (outcome: Outcome) =>
  changed(outcome)
    .map(({ op, type, name }) => `${op} ${type} ${name}`)
    .sort();

/** The plan, which `up` then keeps to. */
async function planned(written: ReturnType<typeof program>): Promise<string[]> {
  await workspace.write(written);
  const plan = opsOf(await workspace.preview());
  expect(opsOf(await workspace.up())).toEqual(plan);
  return plan;
}

/** @param end of its URN */
async function resource(end: string): Promise<StoredResource> {
  const found = (await workspace.state()).find(({ urn }) => urn.endsWith(end));
  if (!found) throw new Error(`There is no ${end}.`);
  return found;
}

const running = async () =>
  (await resource("wasm:local:Server::app")).outputs?.process as { pid: number; digest: string };
const answer = async () => (await fetch(`${String((await workspace.outputs()).url)}/env`)).text();
const forgetBytes = () => rm(join(workspace.folder, "cache"), { recursive: true });

/** Makes a state what an older version has written. */
async function rewrite(change: (resource: StoredResource) => void): Promise<void> {
  const stack = await workspace.stack();
  const { version, deployment } = await stack.exportStack();
  const { resources = [] } = deployment as { resources?: StoredResource[] };
  for (const each of resources) change(each);
  await stack.importStack({ version, deployment: deployment as Deployment });
}

const renamed = ["create wasm:index:CapabilityGrant entry", "delete wasm:index:CapabilityGrant access"];
const elsewhere = ["update wasm:index:CapabilityGrant other"];

describe("an App of one Module", () => {
  beforeAll(() => open(single()));
  afterAll(() => workspace.remove());

  test("is sealed by the first update where an older version ran it as it was, and the report says so", async () => {
    const { digest } = await running();
    const module = (await resource("wasm:index:Module::api")).outputs?.digest;
    await rewrite(({ type, outputs }) => {
      if (type === "wasm:local:Server") Object.assign(outputs?.process ?? {}, { digest: module });
      if (type === "wasm:index:Admission") {
        Object.assign(outputs ?? {}, { entries: [] });
      }
    });
    expect(await planned(single())).toEqual([
      "update wasm:index:Admission app",
      "update wasm:local:Server app",
    ]);
    expect((await running()).digest).toBe(digest);
    expect((await resource("wasm:index:Admission::app")).outputs?.entries).toMatchObject([
      { artifact: "exact" },
    ]);
    expect(await planned(single())).toEqual([]);
  });

  test("goes on as it is where a grant has another name only: the report has it", async () => {
    const before = await running();
    expect(await planned(single({ grant: "entry" }))).toEqual([
      ...renamed,
      "update wasm:index:Admission app",
    ]);
    expect(await running()).toEqual(before);
    expect((await workspace.outputs()).report).toContain("entry");
    expect(await answer()).toBe("GREETING=hello\n");
  });

  test("needs no bytes while it does not change, and says which where it does", async () => {
    const { outputs: { artifact } = {} } = await resource("wasm:index:Module::api");
    const { urn } = await resource("::other");

    await forgetBytes();
    await workspace.write(single({ grant: "entry", key: "OTHER" }));
    expect(opsOf(await workspace.up({ target: [urn] }))).toEqual(elsewhere);

    // As from another stack: plain data. The Module is left, for it would bring the bytes.
    const apart = (options: Options) => {
      const { resources, ...rest } = single({ grant: "entry", artifact, ...options });
      const { api: _module, ...others } = resources as Record<string, unknown>;
      return { ...rest, resources: others } as unknown as ReturnType<typeof program>;
    };
    expect(await planned(apart({ key: "OTHER" }))).toEqual(["delete wasm:index:Module api"]);
    await forgetBytes();
    expect(await planned(apart({ key: "KEY" }))).toEqual(elsewhere);
    expect(await answer()).toBe("GREETING=hello\n");

    await workspace.write(apart({ memory: 64 }));
    const failure = await workspace.preview().catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(EngineFailure);
    const { digest } = artifact as { digest: string };
    expect((failure as EngineFailure).outcome.messages.join("\n")).toContain(
      `The bytes of ${digest} are not in this machine's cache. Run with the Module that they come from; an Image would carry them to other machines.`,
    );
    expect(await answer()).toBe("GREETING=hello\n");
  });
});

test("a server that the user replaces runs, sealed anew", async () => {
  await open(single());
  try {
    const before = await running();
    const { urn } = await resource("wasm:local:Server::app");
    await workspace.up({ replace: [urn] });
    const { pid, digest } = await running();
    expect(pid).not.toBe(before.pid);
    expect(digest).toBe(before.digest);
    expect(await answer()).toBe("GREETING=hello\n");
  } finally {
    await workspace.remove();
  }
});

describe("a Composition", () => {
  beforeAll(() => open(composed()));
  afterAll(() => workspace.remove());

  test("of one that becomes one of two: the host's keys change with it, in one update", async () => {
    expect(await answer()).toBe("GREETING=hello api\n");
    expect(await planned(composed({ modules: ["api", "side"] }))).toEqual([
      "update wasm:index:Admission app",
      "update wasm:index:Composition shop",
      "update wasm:local:Server app",
    ]);
    expect(await answer()).toBe("GREETING=hello api\n");
    const { inputs: { environment } = {} } = await resource("wasm:local:Server::app");
    expect(JSON.stringify(environment)).toContain("SIDE__GREETING");
    for (const text of [await workspace.stateText(), JSON.stringify((await workspace.preview()).events)]) {
      expect(text).not.toContain("hello");
    }
    await planned(composed());
    expect(await answer()).toBe("GREETING=hello api\n");
  });

  test("is sealed by the first update where an older version has sealed nothing, and the plan says so", async () => {
    const { digest } = await running();
    const { outputs: { digest: module } = {} } = await resource("wasm:index:Module::api");
    const recipe = JSON.stringify({ composer: "0.1.0", modules: { api: module } });
    const unsealed = { digest: `sha256:${"0".repeat(64)}`, kind: "component", recipe };
    await rewrite(({ inputs, outputs }) => {
      for (const values of [inputs, outputs]) {
        if ((values?.artifact as { recipe?: string } | undefined)?.recipe?.startsWith("{"))
          Object.assign(values as object, { artifact: unsealed });
      }
    });
    await workspace.write(composed());
    const preview = await workspace.preview();
    expect(preview.messages).toContain(`composer 0.1.0 → ${composerVersion}`);
    expect(opsOf(preview)).toContain("update wasm:index:Composition shop");
    expect(opsOf(preview)).toContain("update wasm:local:Server app");
    expect(opsOf(await workspace.up())).toEqual(opsOf(preview));
    expect((await running()).digest).toBe(digest);
    expect(await planned(composed())).toEqual([]);
  });

  test("is sealed anew by a later version where the user replaces it", async () => {
    await planned(composed());
    await rewrite(({ inputs, outputs }) => {
      for (const values of [inputs, outputs]) {
        const artifact = values?.artifact as { recipe: string } | undefined;
        if (artifact) artifact.recipe = artifact.recipe.replace(`"${composerVersion}"`, '"0.2.0-rc"');
      }
    });
    expect(await planned(composed())).toEqual([]);
    const { urn } = await resource("wasm:index:Composition::shop");
    const outcome = await workspace.up({ replace: [urn] });
    expect(opsOf(outcome)).toContain("replace wasm:index:Composition shop");
    const { outputs } = await resource("wasm:index:Composition::shop");
    expect(outputs?.artifact).toMatchObject({ recipe: expect.stringContaining(`"${composerVersion}"`) });
    expect(await planned(composed())).toEqual([]);
  });

  test("has the same bytes where a grant has another name only, and what runs them goes on", async () => {
    const before = await running();
    expect(await planned(composed({ grant: "entry" }))).toEqual([
      ...renamed,
      "update wasm:index:Admission app",
      "update wasm:index:Composition shop",
    ]);
    expect(await running()).toEqual(before);
  });
});
