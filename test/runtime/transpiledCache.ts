/**
 * Where the tests keep transpiled components, in the user's cache folder: what was transpiled in an earlier run is found
 * again. Under a key of its own for what transpiles, so that a change of that transpiles everything anew.
 */
import { createHash } from "node:crypto";
import { mkdirSync, readdirSync, readFileSync, rmSync, statSync, utimesSync } from "node:fs";
import { join } from "node:path";
import { cacheFolder } from "../../tools/toolchain/index.ts";

const transpiling = [
  "provider/targets/local/runtime/transpile.ts",
  "provider/targets/local/transpiled.ts",
  "node_modules/@bytecodealliance/jco-transpile/package.json",
];
const weekMs = 7 * 24 * 3_600_000;

export const transpiledCache = opened();

function opened(): string {
  const hash = createHash("sha256");
  for (const file of transpiling) hash.update(readFileSync(join(import.meta.dirname, "../..", file)));
  const parent = cacheFolder("tests");
  const folder = join(parent, hash.digest("hex").slice(0, 16));
  mkdirSync(folder, { recursive: true });
  utimesSync(folder, new Date(), new Date());
  for (const name of readdirSync(parent)) removeUnused(join(parent, name));
  return folder;
}

/** Other versions' folders, once nobody has used them for long. */
function removeUnused(folder: string): void {
  const found = statSync(folder, { throwIfNoEntry: false });
  if (found && found.mtimeMs < Date.now() - weekMs) rmSync(folder, { recursive: true, force: true });
}
