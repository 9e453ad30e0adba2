/** What an Image pushed, as clients of others read it: the CNCF's layout, the bytes as they were, and the report beside it. */
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { digestOf } from "../../provider/artifacts/digest.ts";
import type { Workspace } from "../engine/workspace.ts";
import { type Clients, clientsFor, installed } from "./clients.ts";
import { imageProgram, imageWorkspace, markedModule } from "./imagePrograms.ts";
import { type Registry, startRegistry } from "./registry.ts";

const annotations = {
  "org.opencontainers.image.source": "https://git.example/acme/api",
  "org.opencontainers.image.revision": "0123abc",
};

let registry: Registry;
let workspace: Workspace;
let clients: Clients;
let folder: string;
let ref: string;
beforeAll(async () => {
  registry = await startRegistry({ authentication: "basic" });
  clients = await clientsFor(registry);
  folder = await mkdtemp(join(tmpdir(), "wasm-image-clients-"));
  workspace = await imageWorkspace({ host: registry.host });
  await workspace.write(imageProgram({ host: registry.host, image: { tags: ["1"], annotations } }));
  workspace.environment.DOCKER_CONFIG = clients.dockerConfig;
  await workspace.up();
  ref = String((await workspace.outputs()).ref);
});
afterAll(async () => {
  await workspace?.remove();
  await clients?.[Symbol.asyncDispose]();
  await registry?.stop();
  await rm(folder, { recursive: true, force: true });
});

const jsonOf = (output: Buffer) => JSON.parse(output.toString()) as { [key: string]: unknown };

describe.skipIf(!installed.crane)("crane", () => {
  test("reads manifest and configuration in the CNCF's layout", async () => {
    const module = await markedModule("one");
    const manifest = jsonOf(await clients.crane(["manifest", ref]));
    expect(manifest).toMatchObject({
      schemaVersion: 2,
      mediaType: "application/vnd.oci.image.manifest.v1+json",
      config: { mediaType: "application/vnd.wasm.config.v0+json" },
      layers: [{ mediaType: "application/wasm", digest: digestOf(module), size: module.length }],
      annotations,
    });
    const config = jsonOf(await clients.crane(["config", ref]));
    expect(config).toMatchObject({
      architecture: "wasm",
      os: "wasip2",
      layerDigests: [digestOf(module)],
      component: { exports: ["wasi:http/incoming-handler@0.2.0"] },
    });
    expect((config.component as { imports: string[] }).imports).toContain("wasi:http/types@0.2.4");
    expect((await clients.crane(["digest", `${registry.host}/acme/api:1`])).toString().trim()).toBe(
      ref.split("@")[1],
    );
  });

  test("copies it to another repository as it is", async () => {
    await clients.crane(["copy", ref, `${registry.host}/acme/copy:1`]);
    const copied = await clients.crane(["digest", `${registry.host}/acme/copy:1`]);
    expect(copied.toString().trim()).toBe(ref.split("@")[1]);
  });
});

describe.skipIf(!installed.oras)("oras", () => {
  test("pulls the module, byte by byte", async () => {
    await clients.oras(["pull", ref, "--output", folder]);
    expect(await readFile(join(folder, "component.wasm"))).toEqual(await markedModule("one"));
  });

  test("finds the report of its grants beside it", async () => {
    const found = jsonOf(await clients.oras(["discover", ref, "--format", "json"]));
    const referrers = (found.referrers ?? found.manifests) as { artifactType: string }[];
    expect(referrers.map(({ artifactType }) => artifactType)).toEqual(["application/vnd.in-toto+json"]);
  });
});
