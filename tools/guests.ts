/**
 * Builds the Wasm components that are committed: modules of the examples and the guests of the tests.
 *
 *   node tools/guests.ts            builds them into the repository and writes their locks
 *   node tools/guests.ts --check    builds them into the cache folder and compares with what is committed; a set
 *                                   whose recorded compiler is not at hand is skipped, and the reason named
 */
import { fileURLToPath } from "node:url";
import { inRepository } from "./repository.ts";
import { buildOrCheck, type ComponentSet } from "./rustComponents.ts";
import { runTask } from "./task.ts";

const guardInterfaces = inRepository("composer/guards/wit");

export const guestSets: readonly ComponentSet[] = [
  {
    folder: inRepository("examples/quickstart/module"),
    lockFile: "quickstart.lock.json",
    target: "wasm32-wasip2",
    components: ["quickstart"],
    copies: inRepository("examples/quickstart-yaml/module"),
  },
  {
    folder: inRepository("examples/least-privilege/modules"),
    lockFile: "least-privilege.lock.json",
    target: "wasm32-wasip2",
    components: ["api", "markdown"],
  },
  {
    folder: inRepository("examples/two-apps/modules"),
    lockFile: "two-apps.lock.json",
    target: "wasm32-wasip2",
    components: ["auth", "web"],
  },
  {
    folder: inRepository("bench/guests"),
    lockFile: "bench.lock.json",
    target: "wasm32-wasip2",
    components: ["answerer", "caller", "handler"],
    reads: [guardInterfaces],
  },
  {
    folder: inRepository("test/fixtures/guests"),
    lockFile: "guests.lock.json",
    target: "wasm32-wasip2",
    components: [
      "client",
      "command",
      "config",
      "echo",
      "files",
      "label-host",
      "labels",
      "needs-kv",
      "neighbour",
      "plain",
      "sockets",
      "tcp-client",
    ],
    reads: [guardInterfaces],
  },
];

if (process.argv[1] === fileURLToPath(import.meta.url)) await runTask(() => buildOrCheck(guestSets));
