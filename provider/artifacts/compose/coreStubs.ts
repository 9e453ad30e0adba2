import type { Digest } from "../digest.ts";
import { ArtifactError } from "../errors.ts";
import { damaged, missing, type Store } from "../store.ts";
import type { ComposerTool } from "./composerTool.ts";

export interface SealCoreOptions {
  /** Has the module, and takes the sealed one. */
  store: Store;
  tool: ComposerTool;
  signal?: AbortSignal | undefined;
}

/**
 * Seals a core module for runtimes that take no components: each denied import becomes a function inside the module that
 * refuses, and leaves the list of imports. What is not denied stays as open as the runtime has it.
 *
 * Functions of WASI preview 1 answer by their specification's `errno` (WebAssembly/WASI, preview1/witx/typenames.witx):
 * "not capable", or that there are no arguments, no variables, no preopened folders. Functions of other modules trap.
 * What speaks of places in the code (debug information) is left out, for they move.
 *
 * @param digest of the core module
 * @param denied as an Inspection has them: `wasi_snapshot_preview1#path_open`. See `deniedOfCore`
 * @returns the digest of the sealed module, whose bytes are in the store; equal inputs give equal bytes
 * @throws ArtifactError `not-deployable` for what cannot be denied: `proc_exit`, what is not a function, what is not imported;
 * `not-found` and `damaged` about the module's bytes; `cancelled`, `cache`, `time-limit`
 */
export async function sealCore(
  digest: Digest,
  denied: readonly string[],
  { store, tool, signal }: SealCoreOptions,
): Promise<Digest> {
  const module = { name: "", digest, path: store.path(digest) };
  const reply = await tool.ask({ kind: "sealCore", module, denied }, signal);
  if ("bytes" in reply) return (await store.addBytes(reply.bytes, { signal })).digest;
  if (!("error" in reply)) throw new Error("The composer answered what it was not asked.");
  if (reply.error === "not-found") throw missing(digest);
  if (reply.error === "damaged") {
    await store.discard(digest);
    throw damaged(digest);
  }
  if (reply.error === "sealCore") {
    throw new ArtifactError("not-deployable", `The module cannot be sealed: ${reply.message}.`);
  }
  throw new Error(reply.message);
}
