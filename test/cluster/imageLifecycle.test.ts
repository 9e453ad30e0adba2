/** An Image in a real registry, by the real engine: what is sent and when, what a refresh finds, and what goes with it. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { changed, type Outcome, type Workspace } from "../engine/workspace.ts";
import { type FaultyRegistry, faultyRegistry, uploaded } from "./faultyRegistry.ts";
import {
  deleteManifest,
  imageProgram,
  imageWorkspace,
  manifestAt,
  moveTag,
  tagsAt,
  writeModule,
} from "./imagePrograms.ts";
import { type Registry, startRegistry } from "./registry.ts";

let registry: Registry;
let proxy: FaultyRegistry;
beforeAll(async () => {
  registry = await startRegistry();
  proxy = await faultyRegistry(registry);
});
afterAll(async () => {
  await proxy?.stop();
  await registry?.stop();
});

/** Runs something, and tells what the registry was asked meanwhile. */
async function traffic<T>(run: () => Promise<T>) {
  const before = proxy.requests.length;
  const result = await run();
  const requests = proxy.requests.slice(before);
  return { result, requests, sent: uploaded(requests) };
}

const stepsOf = (outcome: Outcome) => changed(outcome).map(({ op, name, diff }) => ({ op, name, diff }));

describe("an Image", () => {
  const name = "acme/life";
  let workspace: Workspace;
  let size: number;
  const write = (tags: string[], more: Record<string, unknown> = {}) =>
    workspace.write(imageProgram({ host: proxy.host, name, image: { tags, ...more } }));
  beforeAll(async () => {
    workspace = await imageWorkspace({ host: proxy.host, name, image: { tags: ["1", "latest"] } });
    size = await writeModule(workspace, "one");
  });
  afterAll(() => workspace?.remove());

  test("is known in preview, without a word to the registry, and sent by up", async () => {
    const preview = await traffic(() => workspace.preview());
    expect(preview.requests).toEqual([]);
    const { result, sent, requests } = await traffic(() => workspace.up());
    expect(result.outputs).toEqual(preview.result.outputs);
    const { digest, ref } = await workspace.outputs();
    expect(ref).toBe(`${proxy.host}/${name}@${String(digest)}`);
    // The layer, two configurations, and a report.
    expect(sent).toBeGreaterThan(size);
    expect(sent).toBeLessThan(size + 10_000);
    expect(result.messages.join("\n")).toMatch(
      /127\.0\.0\.1:\d+\/acme\/life@sha256:[0-9a-f]{64}: [\d.]+ KiB in 2 blobs sent, grants attestation attached, tag 1 set, tag latest set\./,
    );
    expect(await tagsAt(registry.url, name)).toEqual(["1", "latest"]);
    // What names an image comes after all that it is made of.
    const written = requests
      .filter(({ method }) => method === "PUT" || method === "PATCH")
      .map(({ path }) => path);
    expect(written.findLastIndex((path) => path.includes("/blobs/"))).toBeLessThan(
      written.findIndex((path) => path.endsWith("/manifests/1")),
    );
  });

  test("is not sent again while nothing changes: the registry is not even asked", async () => {
    const preview = await traffic(() => workspace.preview());
    const up = await traffic(() => workspace.up());
    expect([...stepsOf(preview.result), ...stepsOf(up.result)]).toEqual([]);
    expect([...preview.requests, ...up.requests]).toEqual([]);
  });

  test("costs another stack no byte of a blob where it is there already", async () => {
    await using second = await imageWorkspace({ host: proxy.host, name, image: { tags: ["1"] } });
    const { sent, result } = await traffic(() => second.up());
    expect(sent).toBe(0);
    expect(result.messages.join("\n")).toContain("no blob sent, 2 there already");
    expect(await second.outputs()).toEqual(await workspace.outputs());
  });

  test("gets a tag without sending anything but the manifest", async () => {
    await write(["1", "latest", "stable"]);
    expect(stepsOf(await workspace.preview())).toEqual([{ op: "update", name: "image", diff: ["tags[2]"] }]);
    const { sent } = await traffic(() => workspace.up());
    expect(sent).toBe(0);
    expect(await tagsAt(registry.url, name)).toEqual(["1", "latest", "stable"]);
  });

  test("moves with its module, and sends the new layer only", async () => {
    const { digest: first } = await workspace.outputs();
    await writeModule(workspace, "two");
    await write(["2", "latest"]);
    const { sent } = await traffic(() => workspace.up());
    expect(sent).toBeGreaterThan(size);
    expect(sent).toBeLessThan(size + 10_000);
    const { digest } = await workspace.outputs();
    expect((await manifestAt(registry.url, name, "latest")).digest).toBe(digest);
    for (const tag of ["1", "stable"]) expect((await manifestAt(registry.url, name, tag)).digest).toBe(first);
  });

  test("takes a tag back that somebody moved, once a refresh has seen it, and says so", async () => {
    const { digest } = await workspace.outputs();
    await moveTag(registry.url, name, "latest", "1");
    expect(stepsOf(await workspace.preview())).toEqual([]);
    await workspace.refresh();
    expect(stepsOf(await workspace.preview())).toEqual([
      { op: "update", name: "image", diff: ["tagDigests.latest"] },
    ]);
    const { sent } = await traffic(() => workspace.up());
    expect(sent).toBe(0);
    expect((await manifestAt(registry.url, name, "latest")).digest).toBe(digest);
    expect(stepsOf(await workspace.preview({ refresh: true }))).toEqual([]);
  });

  test("is made again where somebody deleted it", async () => {
    const { digest } = await workspace.outputs();
    await deleteManifest(registry.url, name, String(digest));
    expect(await tagsAt(registry.url, name)).toEqual(["1", "stable"]);
    const plan = await workspace.preview({ refresh: true });
    expect(stepsOf(plan)).toMatchObject([{ op: "create", name: "image" }]);
    const { result } = await traffic(() => workspace.up({ refresh: true }));
    expect(result.messages.join("\n")).toContain("tag latest set");
    expect((await manifestAt(registry.url, name, "latest")).digest).toBe(digest);
  });

  test("stays unchanged, with a warning, where the registry cannot be reached", async () => {
    const fault = proxy.inject({ times: Number.POSITIVE_INFINITY }, { kind: "close" });
    const { messages } = await workspace.refresh();
    expect(messages.join("\n")).toContain("What became of this image is not known");
    proxy.clear();
    expect(fault.hits).toBeGreaterThan(0);
    expect(stepsOf(await workspace.preview())).toEqual([]);
  });

  test("says what it takes a tag away from, where it did not push that", async () => {
    await using other = await imageWorkspace({ host: proxy.host, name, image: { tags: ["other"] } }, "three");
    await other.up();
    await write(["2", "latest", "other"]);
    const { messages } = await workspace.up();
    const { digest } = await other.outputs();
    expect(messages.join("\n")).toContain(
      `The tag other named ${String(digest)}, which this Image did not push.`,
    );
  });

  test("is left behind by destroy, unless it is to go", async () => {
    const { digest } = await workspace.outputs();
    const { requests } = await traffic(() => workspace.destroy());
    expect(requests).toEqual([]);
    await write(["2", "latest"], { deleteOnDestroy: true });
    await workspace.up();
    expect((await manifestAt(registry.url, name, String(digest))).status).toBe(200);
    await moveTag(registry.url, name, "theirs", "1");
    await workspace.destroy();
    // "other" still names it: that tag is not this resource's any more.
    expect(await tagsAt(registry.url, name)).toEqual(["1", "other", "stable", "theirs"]);
  });
});

test("goes from destroy with all that refers to it", async () => {
  const name = "acme/gone";
  await using workspace = await imageWorkspace({
    host: proxy.host,
    name,
    image: { tags: ["1"], deleteOnDestroy: true },
  });
  await workspace.up();
  const { digest } = await workspace.outputs();
  const { json } = await manifestAt(registry.url, name, `sha256-${String(digest).slice(7)}`);
  const referrers = (json.manifests as { digest: string }[]).map((referrer) => referrer.digest);
  expect(referrers).toHaveLength(1);
  await workspace.destroy();
  for (const reference of [String(digest), ...referrers, "1"]) {
    expect((await manifestAt(registry.url, name, reference)).status).toBe(404);
  }
});

test("is kept, with what remains and what to do, by a registry that deletes nothing", async () => {
  await using strict = await startRegistry({ delete: false });
  await using workspace = await imageWorkspace({
    host: strict.host,
    image: { tags: ["1"], deleteOnDestroy: true },
  });
  await workspace.up();
  const { digest } = await workspace.outputs();
  await expect(workspace.destroy()).rejects.toThrow(
    new RegExp(`acme/api@${String(digest)} \\(1\\) is still in the registry: .*deleteOnDestroy: false`, "s"),
  );
  expect((await workspace.state()).map(({ type }) => type)).toContain("wasm:index:Image");
  await workspace.write(imageProgram({ host: strict.host, image: { tags: ["1"], deleteOnDestroy: false } }));
  await workspace.up();
  await workspace.destroy();
});

test("is imported by its reference, and then changes nothing", async () => {
  const name = "acme/import";
  await using first = await imageWorkspace({
    host: proxy.host,
    name,
    image: { tags: ["1"], annotations: { a: "b" } },
  });
  await first.up();
  const { digest } = await first.outputs();
  const image = { tags: ["1"], annotations: { a: "b" }, insecure: undefined };
  const options = { import: `${proxy.host}/${name}:1@${String(digest)}` };
  await using second = await imageWorkspace({ host: proxy.host, name, image, options });
  const stack = await second.stack();
  await stack.setConfig("wasm:registries", { value: JSON.stringify({ [proxy.host]: { insecure: true } }) });
  expect(changed(await second.up())).toMatchObject([{ op: "create" }, { op: "import", name: "image" }]);
  expect(stepsOf(await second.preview({ refresh: true }))).toEqual([]);
  expect(await second.outputs()).toEqual(await first.outputs());
});
