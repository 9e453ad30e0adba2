import { mkdir, rm, symlink } from "node:fs/promises";
import { join } from "node:path";
import { compileNodeSdk } from "../sdk/compile.ts";
import { program } from "./engine.ts";

/** Makes the Node SDK of this checkout what `import "pulumi-wasm"` finds in the example. */
export async function linkSdk(): Promise<void> {
  const sdk = await compileNodeSdk();
  const folder = join(program, "node_modules");
  const link = join(folder, "pulumi-wasm");
  await mkdir(folder, { recursive: true });
  await rm(link, { recursive: true, force: true });
  await symlink(sdk, link, "junction");
}
