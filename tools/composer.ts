/**
 * Builds the composer (`composer/`), whose component is committed so that nobody needs Rust who does not change it.
 *
 *   node tools/composer.ts            builds it into the repository and writes its lock
 *   node tools/composer.ts --check    builds it into the cache folder and compares with what is committed; skipped, and
 *                                     the reason named, where the recorded compiler is not at hand
 *
 * The adapters for WASI preview 1 beside it are those of a published package: `composer/adapters/README.md`.
 */
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { crateLicenses } from "./composerLicenses.ts";
import { inRepository } from "./repository.ts";
import { buildOrCheck, type ComponentSet } from "./rustComponents.ts";
import { runTask } from "./task.ts";

export const composerSet: ComponentSet = {
  folder: inRepository("composer"),
  lockFile: "composer.lock.json",
  target: "wasm32-wasip2",
  components: ["composer"],
};

async function main(): Promise<void> {
  await buildOrCheck([composerSet]);
  if (process.argv.includes("--check")) return;
  const { folder } = composerSet;
  await writeFile(join(folder, "THIRD-PARTY-LICENSES.txt"), await crateLicenses(folder));
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await runTask(main);
