/** The schema that the executable serves is the one that is published: `pulumi package get-schema` reads both alike. */
import { execFile } from "node:child_process";
import { cp, mkdir, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterEach, beforeEach, expect, test } from "vitest";
import { tool } from "../../tools/toolchain/index.ts";
import { repository } from "./workspace.ts";

const run = promisify(execFile);

// The CLI leaves files in the folder that it runs in.
let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "wasm-schema-"));
  await mkdir(join(folder, "home"));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

async function schemaOf(source: string): Promise<unknown> {
  const { stdout } = await run(await tool("pulumi"), ["package", "get-schema", source], {
    cwd: folder,
    env: { ...process.env, PULUMI_HOME: join(folder, "home"), PULUMI_SKIP_UPDATE_CHECK: "true" },
    maxBuffer: 16 * 1024 * 1024,
  });
  return JSON.parse(stdout);
}

test("the executable serves schema.json", async () => {
  const published = join(folder, "schema.json");
  await cp(join(repository, "schema.json"), published);
  const served = await schemaOf(join(repository, "dist", "pulumi-resource-wasm"));
  expect(served).toEqual(await schemaOf(published));
  expect(served).toMatchObject({ name: "wasm", resources: { "wasm:index:App": { isComponent: true } } });
});
