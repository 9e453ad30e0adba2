import { join } from "node:path";
import { afterAll } from "vitest";
import { ComposerTool } from "../../provider/artifacts/compose/composerTool.ts";
import { sealCore } from "../../provider/artifacts/compose/coreStubs.ts";
import { Workshop } from "./composeSetup.ts";

/** Seals core modules of a store of its own, which is removed after the file's tests. */
export async function coreSealer() {
  const { store, inspector } = await Workshop.open();
  const script = join(import.meta.dirname, "../../provider/artifacts/compose/composerProcess.ts");
  const tool = new ComposerTool({ script });
  afterAll(() => tool.close());
  return {
    store,
    inspector,
    /** @returns the digest of the sealed module, and its path in the store */
    async seal(bytes: Uint8Array, denied: readonly string[]) {
      const { digest } = await store.addBytes(bytes);
      const sealed = await sealCore(digest, denied, { store, tool });
      return { digest: sealed, path: store.path(sealed) };
    },
  };
}

/** A function of WASI preview 1, as `denied` names it. */
export const preview1 = (name: string) => `wasi_snapshot_preview1#${name}`;
