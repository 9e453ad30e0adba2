import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { clientsFor, installed } from "./clients.ts";
import { faultyRegistry } from "./faultyRegistry.ts";
import { type RegistryOptions, startRegistry } from "./registry.ts";

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "wasm-clients-test-"));
  await writeFile(join(folder, "module.wasm"), "bytes");
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const registries: RegistryOptions[] = [
  {},
  { authentication: "basic" },
  { authentication: "token" },
  { authentication: "token", tls: true },
];

describe.skipIf(!installed.oras || !installed.crane).each(registries)("at a registry of %o", (options) => {
  test("oras pushes, and oras and crane pull the same", async () => {
    await using registry = await startRegistry(options);
    await using clients = await clientsFor(registry);
    const reference = `${registry.host}/a/b:1`;
    await clients.oras(["push", reference, "module.wasm:application/wasm"], { cwd: folder });
    const manifest = await clients.crane(["manifest", reference]);
    expect(await clients.oras(["manifest", "fetch", reference])).toEqual(manifest);
    const [layer] = (JSON.parse(manifest.toString()) as { layers: { digest: string }[] }).layers;
    expect((await clients.crane(["blob", `${registry.host}/a/b@${layer?.digest}`])).toString()).toBe("bytes");
    await clients.oras(["pull", reference, "--output", join(folder, "pulled")]);
    expect(await readFile(join(folder, "pulled", "module.wasm"), "utf8")).toBe("bytes");
  });
});

describe.skipIf(!installed.oras)("oras", () => {
  test("pushes and copies through a proxy, with a token", async () => {
    await using registry = await startRegistry({ authentication: "token" });
    await using proxy = await faultyRegistry(registry);
    await using clients = await clientsFor({ ...registry, host: proxy.host, url: proxy.url });
    await clients.oras(["push", `${proxy.host}/a/b:1`, "module.wasm"], { cwd: folder });
    await clients.oras(["cp", `${proxy.host}/a/b:1`, `${proxy.host}/a/c:1`]);
    const put = proxy.requests.filter(({ path, method }) => method === "PUT" && path.includes("/manifests/"));
    expect(put.map(({ authorization, status }) => ({ authorization, status }))).toContainEqual({
      authorization: "bearer",
      status: 201,
    });
  });

  test("that fails says why, and no password", async () => {
    await using registry = await startRegistry({ authentication: "basic" });
    await using clients = await clientsFor(registry);
    const error = await clients.oras(["resolve", `${registry.host}/a/b:1`]).catch(String);
    expect(error).toContain("not found");
    expect(error).not.toContain(registry.credentials?.password);
  });
});
