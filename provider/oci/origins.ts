/**
 * Which repositories are known to hold a blob, so that a registry can take it over from one of them by itself (a
 * cross-repository mount). A record on this machine only: where it is wrong or gone, the bytes are sent.
 */
import { join } from "node:path";
import * as z from "zod";
import { type Digest, hexOf } from "../artifacts/digest.ts";
import { Records } from "../artifacts/records.ts";

export interface Origin {
  /** `host[:port]`. */
  registry: string;
  repository: string;
}

/** For each registry and blob; the last ones are the likeliest to be there still. */
const mostRepositories = 8;
const mostRegistries = 16;

const originsSchema = z.record(z.string(), z.array(z.string()));

export class Origins {
  private readonly records: Records<z.output<typeof originsSchema>>;

  /** @param folder the cache folder, as `Store.folder` has it */
  constructor(folder: string) {
    this.records = new Records(join(folder, "origins"), originsSchema);
  }

  /** Repositories of a registry that are known to have had a blob, the latest first. */
  async of(blob: Digest, registry: string): Promise<string[]> {
    const known = await this.records.recall(hexOf(blob));
    return known?.[registry] ?? [];
  }

  /** After each push and pull. Of two that remember at once, one may be forgotten, which costs a transfer and nothing else. */
  async remember(blob: Digest, { registry, repository }: Origin): Promise<void> {
    const known = (await this.records.recall(hexOf(blob))) ?? {};
    const { [registry]: before = [], ...others } = known;
    if (before[0] === repository) return;
    const repositories = [repository, ...before.filter((other) => other !== repository)];
    const entries = [[registry, repositories.slice(0, mostRepositories)] as const, ...Object.entries(others)];
    await this.records.remember(hexOf(blob), Object.fromEntries(entries.slice(0, mostRegistries)));
  }
}
