/** The example of registries, as a user runs it: one stack pushes, the next one takes that by digest, on another machine. */
import { generateKeyPairSync } from "node:crypto";
import { cp, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { parse } from "yaml";
import { nodeWorkspace } from "../engine/nodeProgram.ts";
import { changed, repository, type Workspace } from "../engine/workspace.ts";
import { type FaultyRegistry, faultyRegistry } from "./faultyRegistry.ts";
import { tagsAt } from "./imagePrograms.ts";
import { type Registry, startRegistry } from "./registry.ts";

const example = join(repository, "examples/registry");
const readme = await readFile(join(example, "README.md"), "utf8");
/** Where the example finds it, beside its own folder. */
const module = "quickstart/module/quickstart.wasm";

let registry: Registry;
let proxy: FaultyRegistry;
let dev: Workspace;
let prod: Workspace;
beforeAll(async () => {
  registry = await startRegistry();
  proxy = await faultyRegistry(registry);
  dev = await machine("dev");
  prod = await machine("prod");
  await cp(join(repository, "examples", module), join(dev.folder, module));
});
afterAll(async () => {
  await dev?.remove();
  await prod?.remove();
  await proxy?.stop();
  await registry?.stop();
});

/** The example in a folder of its own, with the registry of these tests. */
async function machine(prefix: string): Promise<Workspace> {
  const workspace = await nodeWorkspace({ typeCheck: true });
  for (const file of ["index.ts", "package.json", "tsconfig.json"]) {
    await cp(join(example, file), join(workspace.program, file));
  }
  const { plugins: _, ...project } = parse(await readFile(join(example, "Pulumi.yaml"), "utf8"));
  const registries = project.config["wasm:registries"].value;
  project.config["wasm:registries"].value = { [proxy.host]: registries["localhost:5000"] };
  await workspace.write(project, "nodejs");
  await configure(workspace, { registry: `${proxy.host}/${prefix}`, greeting: prefix });
  return workspace;
}

async function configure(workspace: Workspace, values: Record<string, string>): Promise<void> {
  const stack = await workspace.stack();
  for (const [key, value] of Object.entries(values)) await stack.setConfig(key, { value });
}

const digestOf = (image: unknown) => String(image).split("@")[1];

describe("the example of registries", () => {
  let pushed: Record<string, unknown>;

  test("pushes what it is sealed into, attested, and serves it", async () => {
    const planned = await dev.preview();
    const { messages } = await dev.up();
    pushed = await dev.outputs();
    expect(planned.outputs.image).toBe(pushed.image);
    expect(pushed.image).toMatch(new RegExp(`^${proxy.host}/dev/hello@sha256:[0-9a-f]{64}$`));
    const [shown = "not shown"] = /^localhost:5000\/dev\/hello@.*$/m.exec(readme) ?? [];
    expect(asShown(messages.join("\n"))).toContain(asShown(shown));
    expect(await (await fetch(String(pushed.url))).text()).toBe("Hello from dev\n");
    expect(await tagsAt(registry.url, "dev/hello")).toEqual([]);
  });

  test("asks the registry nothing while nothing changes", async () => {
    const before = proxy.requests.length;
    expect(changed(await dev.up())).toEqual([]);
    expect(proxy.requests.slice(before)).toEqual([]);
  });

  test("promotes it by digest to another machine, which has no file of it", async () => {
    await configure(prod, { promoted: String(pushed.image) });
    const { messages } = await prod.up();
    const { image, url } = await prod.outputs();
    expect(image).toBe(`${proxy.host}/prod/hello@${digestOf(pushed.image)}`);
    expect(messages.join("\n")).toMatch(
      /prod\/hello@sha256:\w+: .*, 1 mounted, grants attestation attached\./,
    );
    expect(await (await fetch(String(url))).text()).toBe("Hello from prod\n");
    expect(changed(await prod.preview())).toEqual([]);
  });

  test("may be granted more than others where it was pulled from a trusted place", async () => {
    const limited = (place: string) =>
      configure(prod, {
        "wasm:maximumGrants": JSON.stringify({ modules: { [place]: { environment: ["GREETING"] } } }),
      });
    await limited(`${proxy.host}/other/hello`);
    await expect(prod.preview()).rejects.toThrow(
      /environment GREETING \(module main, grant access\) is above the maximum/,
    );
    await limited(`${proxy.host}/dev/hello`);
    expect(changed(await prod.preview())).toEqual([]);
  });

  test("takes only what is signed, once it is told by whom", async () => {
    const [ours, theirs] = [keyPair(), keyPair()];
    await configure(prod, { signedBy: ours.signedBy });
    await expect(prod.preview()).rejects.toThrow(/verify\.key/);
    await configure(dev, { "wasm:signingKey": ours.signingKey });
    expect((await dev.up()).messages.join("\n")).toContain("signature attached");
    expect((await dev.outputs()).image).toBe(pushed.image);
    await prod.up();
    await configure(prod, { signedBy: theirs.signedBy });
    await expect(prod.preview()).rejects.toThrow(/verify\.key/);
    await configure(prod, { signedBy: ours.signedBy });
  });

  test("rolls back by an earlier digest", async () => {
    const file = join(dev.folder, module);
    const section = Buffer.from([0, 2, 1, 0x78]);
    await writeFile(file, Buffer.concat([await readFile(file), section]));
    await dev.up();
    const { image } = await dev.outputs();
    expect(digestOf(image)).not.toBe(digestOf(pushed.image));
    for (const promoted of [String(image), String(pushed.image)]) {
      await configure(prod, { promoted });
      await prod.up();
      expect(digestOf((await prod.outputs()).image)).toBe(digestOf(promoted));
    }
  });
});

/** As the README has it: its registry, no digests, and sizes that the guards of a version decide. */
function asShown(text: string): string {
  return text
    .replaceAll(proxy.host, "localhost:5000")
    .replaceAll(/[0-9a-f]{64}/g, "…")
    .replaceAll(/[\d.]+ KiB/g, "N KiB");
}

function keyPair() {
  const { publicKey, privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  return {
    signingKey: privateKey.export({ type: "pkcs8", format: "pem" }).toString(),
    signedBy: publicKey.export({ type: "spki", format: "pem" }).toString(),
  };
}
