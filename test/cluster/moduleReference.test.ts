/** Modules in a real registry, by the real engine: pinned, by tag, without a network, on a second machine, imported. */
import { readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { stringify } from "yaml";
import { digestOf } from "../../provider/artifacts/digest.ts";
import { changed, guest, type Outcome, Workspace } from "../engine/workspace.ts";
import { pushArtifact } from "../protocol/pushedArtifact.ts";
import { wasmArtifact } from "../unit/ociArtifacts.ts";
import { type FaultyRegistry, faultyRegistry } from "./faultyRegistry.ts";
import { type Registry, startRegistry } from "./registry.ts";

const plain = await readFile(guest("plain"));
const echo = await readFile(guest("echo"));

let registry: Registry;
/** What the programs know of the registry: it can be taken away and given back. */
let proxy: FaultyRegistry;
let workspace: Workspace;
beforeAll(async () => {
  registry = await startRegistry();
  proxy = await faultyRegistry(registry);
  workspace = await Workspace.create();
  await workspace.write({});
  await workspace.stack();
  const config = { "wasm:registries": { [proxy.host]: { insecure: true } } };
  await writeFile(join(workspace.program, "Pulumi.dev.yaml"), stringify({ config }));
});
afterAll(async () => {
  await workspace?.remove();
  await proxy?.stop();
  await registry?.stop();
});
beforeEach(() => proxy.clear());

const push = (bytes: Uint8Array, tag: string) =>
  pushArtifact(proxy.host, wasmArtifact(bytes), { repository: "acme/auth", tag });

function takeAway(): void {
  proxy.inject({ times: Number.POSITIVE_INFINITY }, { kind: "close" });
}

/** Another machine has the program and the state, and nothing in its cache. */
const forget = () => rm(join(workspace.folder, "cache"), { recursive: true, force: true });

const stepsOf = (outcome: Outcome) => changed(outcome).map(({ op, name, diff }) => ({ op, name, diff }));

/** Beside what the engine says of a language host that it finds on PATH. */
const said = ({ messages }: Outcome) =>
  messages.filter((message) => !message.startsWith("using pulumi-language-"));

async function declare(properties: object, options: object = {}): Promise<void> {
  await workspace.write({
    resources: { auth: { type: "wasm:Module", properties, options } },
    // biome-ignore-start lint/suspicious/noTemplateCurlyInString: YAML programs refer to resources so
    outputs: { digest: "${auth.digest}", resolved: "${auth.resolved}" },
    // biome-ignore-end lint/suspicious/noTemplateCurlyInString: as above
  });
}

describe("by digest", () => {
  it("is created, and needs no registry from then on", async () => {
    const { pinned } = await push(plain, "1");
    await declare({ reference: pinned });
    const { outputs } = await workspace.up();
    expect(outputs).toEqual({ digest: digestOf(plain), resolved: pinned });
    takeAway();
    const asked = proxy.requests.length;
    const again = await workspace.up();
    expect(stepsOf(again)).toEqual([]);
    expect(said(again)).toEqual([]);
    expect(stepsOf(await workspace.refresh())).toEqual([]);
    expect(proxy.requests).toHaveLength(asked);
  });

  it("is brought to a second machine, and waits there for a registry that does not answer", async () => {
    await forget();
    takeAway();
    const alone = await workspace.up();
    expect(stepsOf(alone)).toEqual([]);
    expect(said(alone).join("\n")).toMatch(/acme\/auth@sha256:[0-9a-f]{64} was not looked at in this run/);
    proxy.clear();
    const served = await workspace.up();
    expect([stepsOf(served), said(served)]).toEqual([[], []]);
    expect(await readFile(join(workspace.folder, "cache/blobs/sha256", digestOf(plain).slice(7)))).toEqual(
      plain,
    );
  });

  it("is destroyed without a registry", async () => {
    await forget();
    takeAway();
    expect(stepsOf(await workspace.destroy())).toEqual([{ op: "delete", name: "auth", diff: [] }]);
  });
});

describe("by tag", () => {
  it("without allowTag fails in preview with the digest to write", async () => {
    const { pinned, tagged } = await push(plain, "2");
    await declare({ reference: tagged });
    await expect(workspace.preview()).rejects.toThrow(
      `Write "${pinned}", which it means now, or set allowTag: true.`,
    );
  });

  it("that moved shows in preview with both digests, and up follows it", async () => {
    const before = await push(plain, "2");
    await declare({ reference: before.tagged, allowTag: true });
    await workspace.up();
    const after = await push(echo, "2");
    const preview = await workspace.preview();
    expect(stepsOf(preview)).toEqual([{ op: "update", name: "auth", diff: ["reference"] }]);
    const moved = `${before.tagged} has moved: ${before.digest} → ${after.digest}`;
    expect(said(preview)).toEqual([moved]);
    const { outputs } = await workspace.up();
    expect(outputs).toEqual({ digest: digestOf(echo), resolved: after.pinned });
    expect(stepsOf(await workspace.up())).toEqual([]);
  });

  it("that moves between preview and up is followed by up, which says so", async () => {
    const { tagged, digest } = await push(echo, "2");
    expect(stepsOf(await workspace.preview())).toEqual([]);
    const after = await push(plain, "2");
    const up = await workspace.up();
    expect(said(up)).toEqual([`${tagged} has moved: ${digest} → ${after.digest}`]);
    expect(up.outputs).toEqual({ digest: digestOf(plain), resolved: after.pinned });
  });

  it("stays what it was while the registry does not answer, with one warning", async () => {
    takeAway();
    const up = await workspace.up();
    expect(stepsOf(up)).toEqual([]);
    expect(said(up)).toEqual([
      expect.stringMatching(/acme\/auth:2 is taken to be sha256:[0-9a-f]{64}, as before\.$/),
    ]);
  });

  it("that nobody has seen is an error while the registry does not answer", async () => {
    takeAway();
    await declare({ reference: `${proxy.host}/acme/auth:3`, allowTag: true });
    await expect(workspace.preview()).rejects.toThrow(new RegExp(`reference: .*${proxy.host}`));
  });
});

it("warns in preview of a config that lies about imports, and takes the bytes' word", async () => {
  const lying = wasmArtifact(plain, { imports: ["wasi:http/types@0.2.0"], exports: ["acme:math/add@0.1.0"] });
  const { pinned } = await pushArtifact(proxy.host, lying);
  await declare({ reference: pinned });
  const preview = await workspace.preview();
  expect(said(preview)).toEqual([
    expect.stringContaining("it names the imports wasi:http/types@0.2.0, which are not there"),
  ]);
  expect(preview.outputs).toMatchObject({ digest: digestOf(plain) });
});

it("is imported by reference", async () => {
  await workspace.destroy();
  const { pinned } = await push(echo, "4");
  await declare({ reference: pinned }, { import: pinned });
  expect(stepsOf(await workspace.up())).toMatchObject([{ op: "import", name: "auth" }]);
  await declare({ reference: pinned });
  expect(stepsOf(await workspace.up())).toEqual([]);
});
