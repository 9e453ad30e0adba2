/** An App whose target names a registry: what it pushes, what it shows in preview, and that only what changed moves. */
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { nodeWorkspace, program } from "../engine/nodeProgram.ts";
import { changed, type Outcome, type Workspace } from "../engine/workspace.ts";
import { type FaultyRegistry, faultyRegistry, uploaded } from "./faultyRegistry.ts";
import { manifestAt } from "./imagePrograms.ts";
import { type Registry, startRegistry } from "./registry.ts";

let registry: Registry;
let proxy: FaultyRegistry;
let workspace: Workspace;
beforeAll(async () => {
  registry = await startRegistry();
  proxy = await faultyRegistry(registry);
  workspace = await nodeWorkspace();
});
afterAll(async () => {
  await workspace?.remove();
  await proxy?.stop();
  await registry?.stop();
});

const opsOf = (outcome: Outcome) =>
  changed(outcome)
    .map(({ op, type, name }) => `${op} ${type.split(":").at(-1)} ${name}`)
    .sort();

/** `place`: inputs of the target; `app`: more of the App. */
const source = (place: string, app = "", name = "shop") => `
  const delivered = new wasm.EdgeTarget("delivered", ${place});
  const app = new wasm.App("${name}", { ...args, target: delivered.target, ${app} });
  export const image = app.image;
  export const report = app.report;
`;
/** A grant, and a secret value for it. */
const granted = (value: string) =>
  `grants: [grant.grant], bindings: { main: { environment: { KEY: pulumi.secret("${value}") } } }`;
const place = (more = "") =>
  `{ local: {}, registry: { push: "${proxy.host}/acme", pull: "registry.internal/acme", insecure: true, ${more} } }`;

describe("an App whose target names a registry", () => {
  test("shows its image in preview, and pushes what it is sealed into", async () => {
    await program(workspace, source(place()));
    const planned = await workspace.preview();
    expect(opsOf(planned)).toContain("create Image shop");
    const { outputs } = await workspace.up();
    expect(outputs.image).toBe(planned.outputs.image);
    expect(outputs.image).toMatch(/^registry\.internal\/acme\/shop@sha256:[0-9a-f]{64}$/);
    const digest = String(outputs.image).split("@")[1] ?? "";
    const { json } = await manifestAt(registry.url, "acme/shop", digest);
    const [layer] = json.layers as { digest: string }[];
    const state = await workspace.state();
    const outputsOf = (type: string) => state.find((resource) => resource.type === type)?.outputs ?? {};
    const sealed = outputsOf("wasm:index:Admission").artifact as { digest: string };
    // Sealed: other bytes than those of the module.
    expect(layer?.digest).toBe(sealed.digest);
    expect(layer?.digest).not.toBe(outputsOf("wasm:index:Module").digest);
    expect(opsOf(await workspace.preview())).toEqual([]);
  });

  test("moves its image with a grant, and leaves it where only a value is another", async () => {
    const before = (await workspace.outputs()).image;
    await program(workspace, source(place(), granted("hidden-value")));
    expect(opsOf(await workspace.preview())).toEqual([
      "update Admission shop",
      "update Image shop",
      "update Server shop",
    ]);
    await workspace.up();
    const { image } = await workspace.outputs();
    expect(image).not.toBe(before);
    await program(workspace, source(place(), granted("other-value")));
    const sent = proxy.requests.length;
    expect(opsOf(await workspace.up())).toEqual(["update Server shop"]);
    expect(proxy.requests.slice(sent)).toEqual([]);
    for (const file of await readdir(registry.storage, { recursive: true, withFileTypes: true })) {
      if (!file.isFile()) continue;
      expect(await readFile(join(file.parentPath, file.name), "utf8")).not.toMatch(
        /hidden-value|other-value/,
      );
    }
    // Back to what it was: all of it is there.
    await program(workspace, source(place()));
    const again = proxy.requests.length;
    await workspace.up();
    expect((await workspace.outputs()).image).toBe(before);
    expect(uploaded(proxy.requests.slice(again))).toBe(0);
  });

  test("shows all its children in preview although a part of the registry is not known", async () => {
    const later = `new wasm.CapabilityGrant("later", { environment: ["LATER"] }).grant.apply(() => "${proxy.host}/acme")`;
    for (const registry of [
      `{ push: ${later}, insecure: true }`,
      `{ push: "${proxy.host}/acme", pull: ${later}, insecure: true }`,
    ]) {
      await program(workspace, source(`{ local: {}, registry: ${registry} }`, "", "other"));
      expect(opsOf(await workspace.preview())).toEqual(
        expect.arrayContaining(["create Admission other", "create Image other", "create Server other"]),
      );
    }
  });

  test("says in preview that its name cannot be a repository", async () => {
    await program(workspace, source(place(), "", "myShop"));
    await expect(workspace.preview()).rejects.toThrow(
      /the App's name is its repository there.*upper-case letters/s,
    );
  });

  test("has no image once its target names no registry", async () => {
    const [, digest = ""] = String((await workspace.outputs()).image).split("@");
    await program(workspace, source("{ local: {} }"));
    const outcome = await workspace.up();
    expect(opsOf(outcome)).toContain("delete Image shop");
    expect(outcome.outputs).not.toHaveProperty("image");
    // Destroying leaves what was pushed where it is, and so does this.
    expect((await manifestAt(registry.url, "acme/shop", digest)).status).toBe(200);
  });
});
