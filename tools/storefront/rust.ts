/**
 * Builds the storefront's modules in Rust, which are small and committed.
 *
 *   node tools/storefront/rust.ts            builds them into the repository and writes their lock
 *   node tools/storefront/rust.ts --check    builds them into the cache folder and compares with what is committed;
 *                                            skipped, and the reason named, where the recorded compiler is not at hand
 */
import { fileURLToPath } from "node:url";
import { inRepository } from "../repository.ts";
import { buildOrCheck, type ComponentSet } from "../rustComponents.ts";
import { runTask } from "../task.ts";

export const storefrontSet: ComponentSet = {
  folder: inRepository("examples/storefront/modules"),
  lockFile: "modules.lock.json",
  target: "wasm32-wasip2",
  components: ["auth", "images"],
};

if (process.argv[1] === fileURLToPath(import.meta.url)) await runTask(() => buildOrCheck([storefrontSet]));
