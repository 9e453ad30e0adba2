/**
 * Builds the guards (`composer/guards/`), which are committed so that nobody needs Rust who does not change them.
 *
 *   node tools/guards.ts            builds them into the repository and writes their lock
 *   node tools/guards.ts --check    builds them into the cache folder and compares with what is committed; skipped, and
 *                                   the reason named, where the recorded compiler is not at hand
 */
import { fileURLToPath } from "node:url";
import { inRepository } from "./repository.ts";
import { buildOrCheck, type ComponentSet } from "./rustComponents.ts";
import { runTask } from "./task.ts";

export const guardSet: ComponentSet = {
  folder: inRepository("composer/guards"),
  lockFile: "guards.lock.json",
  target: "wasm32-unknown-unknown",
  components: [
    "blobs",
    "config-draft",
    "config-rc1",
    "config-spin",
    "environment",
    "filesystem",
    "http",
    "key-value-draft",
    "key-value-draft2",
    "messaging",
    "sockets",
    "sqlite-v2",
    "sqlite-v3",
    "stdio",
    "stdio-clock",
  ],
};

if (process.argv[1] === fileURLToPath(import.meta.url)) await runTask(() => buildOrCheck([guardSet]));
