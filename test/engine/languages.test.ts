/** The quickstart is the same program in TypeScript and in YAML: it leaves the same state. The other SDKs compile. */
import { existsSync } from "node:fs";
import { cp, mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { describe, expect, test } from "vitest";
import { parse, stringify } from "yaml";
import * as z from "zod";
import { publication } from "../../provider/package.ts";
import { withLock } from "../../tools/lock.mjs";
import { cacheFolder } from "../../tools/toolchain/index.ts";
import { type RunOptions, run } from "../../tools/toolchain/process.ts";
import { linkPackages, nodeWorkspace, writeProgram } from "./nodeProgram.ts";
import { changed, guest, repository, type StoredResource, Workspace } from "./workspace.ts";

const examples = join(repository, "examples");

/** Runs a copy of an example, with the plugin of this checkout, in a stack of its own. */
async function example(name: string, runtime: "yaml" | "nodejs"): Promise<Workspace> {
  const workspace = await Workspace.create(runtime);
  const { program } = workspace;
  const isNoPackage = (path: string) => !path.includes("node_modules");
  await cp(join(examples, name), program, { recursive: true, filter: isNoPackage });
  const file = join(program, "Pulumi.yaml");
  const project = parse(await readFile(file, "utf8")) as Record<string, unknown>;
  project.plugins = { providers: [{ name: "wasm", path: join(repository, "dist") }] };
  await writeFile(file, stringify(project));
  if (runtime === "nodejs") await linkPackages(program);
  return workspace;
}

describe("the quickstart in TypeScript and in YAML", () => {
  test("leaves the same state", async () => {
    await using typescript = await example("quickstart", "nodejs");
    await using yaml = await example("quickstart-yaml", "yaml");
    await typescript.up();
    await yaml.up();
    const expected = await comparableState(typescript);
    expect(expected.map(({ type }) => type)).toEqual([
      "pulumi:providers:wasm",
      "pulumi:pulumi:Stack",
      "wasm:index:Admission",
      "wasm:index:App",
      "wasm:index:CapabilityGrant",
      "wasm:index:EdgeTarget",
      "wasm:index:Module",
      "wasm:local:Server",
    ]);
    expect(await comparableState(yaml)).toEqual(expected);
    expect(changed(await typescript.preview())).toEqual([]);
    expect(changed(await yaml.preview())).toEqual([]);
  });
});

describe("one program with secrets, nulls and defaults, in TypeScript and in YAML", () => {
  const file = guest("echo");
  const typescript = `
    new wasm.Module("plain", { file: new pulumi.asset.FileAsset("${file}"), maxSize: undefined });
    const echo = new wasm.Module("echo", { file: new pulumi.asset.FileAsset("${file}"), maxSize: 1000000 });
    const grant = new wasm.CapabilityGrant("grant", {
      http: [], environment: ["KEY", "PLAIN"], config: ["NAME"], ambient: { clocks: true },
      filesystem: [{ path: "/data", access: "read", volume: "data" }], sockets: undefined,
    });
    const edge = new wasm.EdgeTarget("edge", { local: { memory: 128 } });
    const app = new wasm.App("app", {
      artifact: echo.artifact, target: edge.target, grants: [grant.grant], denied: [], acceptRisk: undefined,
      bindings: {
        main: {
          environment: { KEY: pulumi.secret("hidden"), PLAIN: "plain" },
          config: pulumi.secret({ NAME: "name" }),
          volumes: { data: { folder: "./data" } },
        },
      },
      limits: { memory: 64, time: undefined },
      local: { start: false, arguments: ["a", "b"], port: undefined },
    });
    new wasm.App("least", { artifact: echo.artifact, target: edge.target, local: { start: false } });
    export const report = app.report;
  `;
  const yaml = `
    resources:
      plain: { type: wasm:Module, properties: { file: { fn::fileAsset: "${file}" }, maxSize: null } }
      echo: { type: wasm:Module, properties: { file: { fn::fileAsset: "${file}" }, maxSize: 1000000 } }
      grant:
        type: wasm:CapabilityGrant
        properties:
          http: []
          environment: [KEY, PLAIN]
          config: [NAME]
          ambient: { clocks: true }
          filesystem: [{ path: /data, access: read, volume: data }]
          sockets: null
      edge: { type: wasm:EdgeTarget, properties: { local: { memory: 128 } } }
      app:
        type: wasm:App
        properties:
          artifact: \${echo.artifact}
          target: \${edge.target}
          grants: ["\${grant.grant}"]
          denied: []
          acceptRisk: null
          bindings:
            main:
              environment: { KEY: { fn::secret: hidden }, PLAIN: plain }
              config: { fn::secret: { NAME: name } }
              volumes: { data: { folder: ./data } }
          limits: { memory: 64, time: null }
          local: { start: false, arguments: [a, b], port: null }
      least: { type: wasm:App, properties: { artifact: "\${echo.artifact}", target: "\${edge.target}", local: { start: false } } }
    outputs:
      report: \${app.report}
  `;

  test("leaves the same state", async () => {
    await using first = await nodeWorkspace();
    await writeProgram(first, typescript);
    await using second = await Workspace.create();
    await second.write(parse(yaml));
    for (const { program } of [first, second]) await mkdir(join(program, "data"));
    await first.up();
    await second.up();
    const expected = await comparableState(first);
    expect(expected.filter(({ type }) => type.startsWith("wasm:"))).toHaveLength(10);
    expect(await comparableState(second)).toEqual(expected);
  });
});

const processSchema = z.object({
  nonce: z.string(),
  pid: z.int(),
  port: z.int(),
  logFile: z.string(),
  controlSocket: z.string(),
});

/**
 * The state, sorted by type, without what two stacks cannot have in common: times and places in the program; names in URNs;
 * what tells one process from another; the folder that the stack is in; and by what name and version the language asks for
 * the plugin.
 */
async function comparableState(workspace: Workspace): Promise<StoredResource[]> {
  const resources = await workspace.state();
  const servers = resources.filter(({ type }) => type === "wasm:local:Server");
  const names: [string | RegExp, string][] = [
    [/urn:pulumi:dev::[^:]+::pulumi:pulumi:Stack::[^"]+/g, "<stack>"],
    [/urn:pulumi:dev::[^:]+::pulumi:providers:wasm::[^"]+/g, "<provider>"],
    [/urn:pulumi:dev::[^:]+::/g, "urn:pulumi:dev::<project>::"],
    ...servers.flatMap(processNames),
    [`${workspace.program}/`, ""],
  ];
  const text = names.reduce(
    (all, [name, common]) => all.replaceAll(name, common),
    JSON.stringify(resources.map(essence)),
  );
  const comparable = JSON.parse(text) as StoredResource[];
  const key = ({ type, urn }: StoredResource) => `${type} ${urn}`;
  return comparable.sort((a, b) => (key(a) < key(b) ? -1 : 1));
}

function processNames({ id = "", outputs }: StoredResource): [string, string][] {
  if (outputs?.process === undefined) return [[id, "<id>"]];
  const { pid, port, nonce, logFile, controlSocket } = processSchema.parse(outputs.process);
  return [
    [logFile, "<log>"],
    [controlSocket, "<socket>"],
    [nonce, "<nonce>"],
    [id, "<id>"],
    [`http://127.0.0.1:${port}`, "<url>"],
    [`"pid":${pid},"port":${port}`, '"pid":0,"port":0'],
  ];
}

const momentary = ["created", "modified", "sourcePosition", "stackTrace"];

function essence(resource: StoredResource): Partial<StoredResource> {
  const { urn, type, dependencies, propertyDependencies = {} } = resource;
  if (type === "pulumi:providers:wasm") return { urn, type };
  const lasting = Object.entries(resource).filter(([key]) => !momentary.includes(key));
  // Dependencies are a set.
  const byProperty = Object.entries(propertyDependencies).map(([key, urns]) => [key, urns?.toSorted()]);
  return {
    ...Object.fromEntries(lasting),
    ...(dependencies && { dependencies: dependencies.toSorted() }),
    propertyDependencies: Object.fromEntries(byProperty),
  };
}

describe("the SDK for Python", () => {
  test("installs and imports", async ({ skip }) => {
    const python = await pythonWithPulumi();
    if (python === undefined) return skip("Python 3 with the packages that the SDK needs cannot be had");
    await using folder = await temporaryFolder();
    const [source, target] = [join(folder.path, "source"), join(folder.path, "target")];
    // Building leaves files beside the source.
    await cp(join(repository, "sdk/python"), source, { recursive: true });
    const options = ["--no-deps", "--no-build-isolation", "--quiet", "--target", target];
    await succeed(python, ["-m", "pip", "install", ...options, source]);
    const program = "import pulumi_wasm as w; print(w.App.__name__, w.local.Server.__name__)";
    const printed = await succeed(python, ["-c", program], { env: { PYTHONPATH: target } });
    expect(printed.trim()).toBe("App Server");
  });
});

/** A Python of the tests' own in the cache folder; undefined where there is no Python 3, or no way to its packages. */
async function pythonWithPulumi(): Promise<string | undefined> {
  const folder = cacheFolder("python");
  const [python, complete] = [join(folder, "bin", "python"), join(folder, "complete")];
  const packages = ["pulumi>=3.142.0,<4.0.0", "parver", "semver", "setuptools>=77"];
  return withLock(`${folder}.lock`, async () => {
    if (existsSync(complete)) return python;
    const signal = AbortSignal.timeout(120_000);
    const works = async (command: string, args: string[]) =>
      (await run(command, args, { signal }).catch(() => undefined))?.code === 0;
    if (!(await works("python3", ["-m", "venv", "--clear", folder]))) return undefined;
    const install = ["-m", "pip", "install", "--quiet", "--retries", "0", "--timeout", "10", ...packages];
    if (!(await works(python, install))) return undefined;
    await writeFile(complete, "");
    return python;
  });
}

describe("the SDK for Go", () => {
  test("compiles, and go vet finds nothing", async ({ skip }) => {
    await using folder = await temporaryFolder();
    const generator = join(repository, "tools/go/sdkgen");
    const module = (await readFile(join(generator, "go.mod"), "utf8")).replace(
      /^module .*$/m,
      `module ${dirname(publication.goImportBase)}`,
    );
    await writeFile(join(folder.path, "go.mod"), module);
    await cp(join(generator, "go.sum"), join(folder.path, "go.sum"));
    await cp(join(repository, "sdk/go"), folder.path, { recursive: true });
    const options = { cwd: folder.path, env: { GOFLAGS: "-mod=mod" } };
    const download = await run("go", ["mod", "download", "github.com/pulumi/pulumi/sdk/v3"], options).catch(
      () => undefined,
    );
    if (download?.code !== 0) return skip("Go with Pulumi's SDK cannot be had");
    await succeed("go", ["vet", "./..."], options);
  });
});

async function succeed(command: string, args: string[], options: RunOptions = {}): Promise<string> {
  const { code, stdout, errors } = await run(command, args, options);
  expect(code, errors.join("\n")).toBe(0);
  return stdout;
}

async function temporaryFolder(): Promise<AsyncDisposable & { path: string }> {
  const path = await mkdtemp(join(tmpdir(), "wasm-sdk-"));
  return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true }) };
}
