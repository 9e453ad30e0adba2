/** The quickstart is the same program in TypeScript and in YAML: it leaves the same state. The other SDKs compile. */
import { cp, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { parse, stringify } from "yaml";
import * as z from "zod";
import { linkPackages } from "./nodeProgram.ts";
import { changed, repository, type StoredResource, Workspace } from "./workspace.ts";

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

const processSchema = z.object({
  id: z.string(),
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
  const server = resources.find(({ type }) => type === "wasm:local:Server");
  const process = processSchema.parse(server?.outputs?.process);
  const names: [string | RegExp, string][] = [
    [/urn:pulumi:dev::[^:]+::pulumi:pulumi:Stack::[^"]+/g, "<stack>"],
    [/urn:pulumi:dev::[^:]+::pulumi:providers:wasm::[^"]+/g, "<provider>"],
    [/urn:pulumi:dev::[^:]+::/g, "urn:pulumi:dev::<project>::"],
    [process.logFile, "<log>"],
    [process.controlSocket, "<socket>"],
    [process.nonce, "<nonce>"],
    [process.id, "<id>"],
    [`http://127.0.0.1:${process.port}`, "<url>"],
    [`"pid":${process.pid},"port":${process.port}`, '"pid":0,"port":0'],
    [`${workspace.program}/`, ""],
  ];
  const text = names.reduce(
    (all, [name, common]) => all.replaceAll(name, common),
    JSON.stringify(resources.map(essence)),
  );
  const comparable = JSON.parse(text) as StoredResource[];
  return comparable.sort((a, b) => (a.type < b.type ? -1 : 1));
}

const momentary = ["created", "modified", "sourcePosition", "stackTrace"];

function essence(resource: StoredResource): Partial<StoredResource> {
  const { urn, type, dependencies } = resource;
  if (type === "pulumi:providers:wasm") return { urn, type };
  const lasting = Object.entries(resource).filter(([key]) => !momentary.includes(key));
  // Dependencies are a set.
  return { ...Object.fromEntries(lasting), ...(dependencies && { dependencies: dependencies.toSorted() }) };
}
