/**
 * Where modules are known to have come from: repositories that they were found in, and artifacts that they were found to be
 * in. A record on this machine only, and it only grows: without it a module is of unknown origin, which must never be what
 * allows more.
 */
import { createHash } from "node:crypto";
import { join } from "node:path";
import * as z from "zod";
import type { Digest } from "../artifacts/digest.ts";
import { Records } from "../artifacts/records.ts";
import type { Reference } from "./reference.ts";

/** An artifact where there is a digest, whose content is the same wherever it is kept; else a repository. */
type Source = Omit<Reference, "tag">;

export class PulledFrom {
  private readonly records: Records<true>;

  /** @param folder the cache folder, as `Store.folder` has it */
  constructor(folder: string) {
    this.records = new Records(join(folder, "pulled-from", "1"), z.literal(true));
  }

  /** @param module digest of its bytes */
  async knows(module: Digest, source: Source): Promise<boolean> {
    return (await this.records.recall(keyOf(module, source))) ?? false;
  }

  /** @param module digest of its bytes, which came with this artifact or from this repository */
  async remember(module: Digest, source: Source): Promise<void> {
    await this.records.remember(keyOf(module, source), true);
  }
}

function keyOf(module: Digest, { registry, repository, digest }: Source): string {
  const source = digest ?? `${registry}/${repository}`;
  return createHash("sha256").update(`${module}\n${source}`).digest("hex");
}
