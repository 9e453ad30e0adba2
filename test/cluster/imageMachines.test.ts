/** Several machines: the same digest on each, and what a second one can do without the modules' files. */
import { lchown, mkdir, mkdtemp, readdir, readFile, rm, stat, utimes } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { composing, parts, writeModules } from "../engine/compositionProgram.ts";
import { repository, Workspace } from "../engine/workspace.ts";
import { shopModules, storeLink } from "../runtime/compositionModules.ts";
import { type FaultyRegistry, faultyRegistry, uploaded } from "./faultyRegistry.ts";
import { imageProgram, imageWorkspace, manifestAt, writeModule } from "./imagePrograms.ts";
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

// biome-ignore-start lint/suspicious/noTemplateCurlyInString: YAML programs refer to resources so
/** Three modules composed, their order and that of the annotations as given. */
function shopProgram(name: string, order: string[], annotations: [string, string][]) {
  const shop = { modules: parts(...order), links: [storeLink] };
  const image = {
    artifact: "${shop.artifact}",
    repository: `${proxy.host}/${name}`,
    insecure: true,
    annotations: Object.fromEntries(annotations),
  };
  return {
    resources: { ...composing(order, { shop }), image: { type: "wasm:Image", properties: image } },
    outputs: { digest: "${image.digest}", size: "${image.size}" },
  };
}
// biome-ignore-end lint/suspicious/noTemplateCurlyInString: as above

const annotations: [string, string][] = [
  ["org.opencontainers.image.source", "https://git.example/acme/shop"],
  ["org.opencontainers.image.revision", "0123abc"],
  ["ä", "ö"],
];
const nobody = 65534;
const twentyYears = 20 * 365 * 24 * 3600;

/** What a first machine makes of the shop. */
async function firstOutputs(name: string): Promise<Record<string, unknown>> {
  await using one = await Workspace.create();
  await writeModules(one, await shopModules());
  await one.write(shopProgram(name, ["front", "auth", "kv"], annotations));
  await one.up();
  return one.outputs();
}

/** What a machine makes of it where all is different that must not matter, and what its plugin saw of that. */
async function otherOutputs(name: string, user?: number) {
  const modules = await shopModules();
  const home = await mkdtemp(join(tmpdir(), "wasm-other-machine-"));
  const umask = process.umask(0o077);
  try {
    await using two = await Workspace.create();
    await mkdir(join(home, "tmp"));
    Object.assign(two.environment, {
      HOME: home,
      USER: "somebody",
      TZ: "Pacific/Chatham",
      LC_ALL: "tr_TR.UTF-8",
      LANG: "tr_TR.UTF-8",
      TMPDIR: join(home, "tmp"),
      SOURCE_DATE_EPOCH: "1",
      NODE_OPTIONS: `--import=${new URL("imageOtherMachine.mjs", import.meta.url)}`,
      OTHER_SEEN: join(home, "seen"),
      OTHER_CLOCK_SECONDS: String(-twentyYears),
      ...(user !== undefined && { OTHER_USER: String(user) }),
    });
    await writeModules(two, Object.fromEntries(Object.entries(modules).reverse()));
    for (const module of Object.keys(modules)) await utimes(join(two.program, `${module}.wasm`), 1, 1);
    await two.write(shopProgram(name, ["kv", "front", "auth"], [...annotations].reverse()));
    for (const folder of user === undefined ? [] : [home, two.folder]) await handOver(folder, user as number);
    const planned = await two.preview();
    await two.up();
    const seen = (await readFile(join(home, "seen"), "utf8")).trim().split("\n");
    return {
      planned: planned.outputs,
      outputs: await two.outputs(),
      seen: seen.map((line) => JSON.parse(line)),
    };
  } finally {
    process.umask(umask);
    await rm(home, { recursive: true, force: true });
  }
}

/** A folder with all that is in it to another user. */
async function handOver(folder: string, user: number): Promise<void> {
  for (const entry of ["", ...(await readdir(folder, { recursive: true }))]) {
    await lchown(join(folder, entry), user, user);
  }
}

/** Whether a plugin that starts as root may go on as somebody else, who can read what it is made of. */
async function canBeSomebodyElse(): Promise<boolean> {
  if (process.getuid?.() !== 0) return false;
  const folders = repository.split("/").map((_, index, all) => all.slice(0, index + 1).join("/") || "/");
  const modes = await Promise.all(folders.map(async (folder) => (await stat(folder)).mode));
  return modes.every((mode) => (mode & 0o005) === 0o005);
}

async function expectSameBytes(digest: unknown, ...names: string[]): Promise<void> {
  const [first, second] = await Promise.all(
    names.map((name) => manifestAt(registry.url, name, String(digest))),
  );
  expect(first?.bytes).toEqual(second?.bytes);
}

test("another folder, home, clock, time zone, locale, umask, file times and order give the same digest", async () => {
  const first = await firstOutputs("acme/one");
  const { planned, outputs, seen } = await otherOutputs("acme/two");
  expect(outputs).toEqual(first);
  expect(planned).toEqual(first);
  const year = new Date().getFullYear() - 20;
  const main = expect.stringMatching(/main\.js$/);
  expect(seen).toContainEqual(
    expect.objectContaining({ program: main, year: expect.toBeOneOf([year, year + 1]) }),
  );
  await expectSameBytes(first.digest, "acme/one", "acme/two");
});

test.skipIf(!(await canBeSomebodyElse()))("another user gives the same digest", async () => {
  const first = await firstOutputs("acme/root");
  const { planned, outputs, seen } = await otherOutputs("acme/nobody", nobody);
  expect(outputs).toEqual(first);
  expect(planned).toEqual(first);
  const main = expect.stringMatching(/main\.js$/);
  expect(seen).toContainEqual(expect.objectContaining({ program: main, user: nobody }));
  await expectSameBytes(first.digest, "acme/root", "acme/nobody");
});

test("a second machine promotes and rolls back by digest, with the modules' files gone", async () => {
  const first = await imageWorkspace({ host: proxy.host, name: "dev/api" }, "one");
  let size = 0;
  const refs: string[] = [];
  const layers: unknown[] = [];
  try {
    for (const mark of ["one", "two"]) {
      size = await writeModule(first, mark);
      await first.up();
      const { ref, layer } = await first.outputs();
      refs.push(String(ref));
      layers.push(layer);
    }
  } finally {
    await first.remove();
  }

  await using second = await Workspace.create();
  await prepare(second, refs[1]);
  const before = proxy.requests.length;
  await second.up();
  const promoted = await second.outputs();
  expect(promoted.layer).toBe(layers[1]);
  // The layer is taken over inside of the registry: what is sent is a configuration and a report.
  const requests = proxy.requests.slice(before);
  const mounts = requests.filter(({ path }) => path.includes(`mount=${String(layers[1])}`));
  expect(mounts.map(({ status }) => status)).toEqual([201]);
  expect(uploaded(requests)).toBeLessThan(Math.min(size, 10_000));

  await second.write(promotion(refs[0]));
  await second.up();
  const back = await second.outputs();
  expect(back.layer).toBe(layers[0]);
  const { json } = await manifestAt(registry.url, "prod/api", "live");
  expect(json.layers).toMatchObject([{ digest: layers[0] }]);

  // And a third one, with nothing but the program, finds all of it there.
  await using third = await Workspace.create();
  await prepare(third, refs[0]);
  const sent = proxy.requests.length;
  await third.up();
  expect(await third.outputs()).toEqual(back);
  expect(uploaded(proxy.requests.slice(sent))).toBe(0);

  // Forward again, on a machine whose cache was emptied.
  await rm(join(second.folder, "cache"), { recursive: true, force: true });
  await second.write(promotion(refs[1]));
  await second.up();
  expect(await second.outputs()).toEqual(promoted);
});

function promotion(reference: string | undefined) {
  return imageProgram({
    host: proxy.host,
    name: "prod/api",
    image: { tags: ["live"] },
    module: { reference },
  });
}

async function prepare(workspace: Workspace, reference: string | undefined): Promise<void> {
  await workspace.write(promotion(reference));
  // A Module has no `insecure`: it is said of the host.
  const registries = JSON.stringify({ [proxy.host]: { insecure: true } });
  await (await workspace.stack()).setConfig("wasm:registries", { value: registries });
}

test("two stacks push the same at once", async () => {
  const name = "acme/both";
  await using one = await imageWorkspace({ host: proxy.host, name, image: { tags: ["1"] } });
  await using two = await imageWorkspace({ host: proxy.host, name, image: { tags: ["1"] } });
  await Promise.all([one.up(), two.up()]);
  expect(await one.outputs()).toEqual(await two.outputs());
  const { digest } = await one.outputs();
  expect((await manifestAt(registry.url, name, "1")).digest).toBe(digest);
});
