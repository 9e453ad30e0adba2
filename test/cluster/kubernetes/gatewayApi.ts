/**
 * The Gateway API's HTTPRoute, which clusters have only where somebody installed it: the definition of the official
 * release, from its Go module, held against its checksum.
 */
import { readFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { expect } from "vitest";
import { parse } from "yaml";
import * as z from "zod";
import { findOnPath } from "../../../tools/toolchain/path.ts";
import { run } from "../../../tools/toolchain/process.ts";
import type { Cluster } from "./access.ts";
import { objectSchema } from "./apiClient.ts";

const release = {
  module: "sigs.k8s.io/gateway-api@v1.4.0",
  sum: "h1:ZwlNM6zOHq0h3WUX2gfByPs2yAEsy/EenYJB78jpQfQ=",
};
const limitMs = 30_000;

/** Whether it can be had; else tests are skipped. */
export const canInstall = (await findOnPath("go")) !== undefined;

/** Resolves when the server takes HTTPRoutes; a second call finds them there. */
export async function installGatewayApi({ api }: Cluster): Promise<void> {
  const definition = objectSchema.parse(parse(await readFile(await definitionPath(), "utf8")));
  if ((await api.read(definition)) === undefined) await api.create(definition).catch(unlessThere);
  const probe = { apiVersion: "gateway.networking.k8s.io/v1", kind: "HTTPRoute", metadata: { name: "none" } };
  const deadline = Date.now() + limitMs;
  for (;;) {
    try {
      await api.read(probe);
      return;
    } catch (error) {
      if (Date.now() > deadline) throw error;
      await delay(100);
    }
  }
}

async function definitionPath(): Promise<string> {
  const { code, stdout, errors } = await run("go", ["mod", "download", "-json", release.module], {
    cwd: tmpdir(),
  });
  if (code !== 0) throw new Error(`${release.module}: ${errors.join("\n")}`);
  const { Dir, Sum } = z.object({ Dir: z.string(), Sum: z.string() }).parse(JSON.parse(stdout));
  expect(Sum).toBe(release.sum);
  return join(Dir, "config", "crd", "standard", "gateway.networking.k8s.io_httproutes.yaml");
}

/** Another file may ask at the same time. */
function unlessThere(error: unknown): void {
  if ((error as { status?: number }).status !== 409) throw error;
}
