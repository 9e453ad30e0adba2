import { randomUUID } from "node:crypto";
import { mkdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import type * as z from "zod";

/** Small results on disk by key, so that the same work is done once on a machine. They may go at any time. */
export class Records<T> {
  private readonly folder: string;
  private readonly schema: z.ZodType<T>;

  constructor(folder: string, schema: z.ZodType<T>) {
    this.folder = folder;
    this.schema = schema;
  }

  async recall(key: string): Promise<T | undefined> {
    const text = await readFile(this.path(key), "utf8").catch(() => undefined);
    if (text === undefined) return undefined;
    try {
      return this.schema.parse(JSON.parse(text));
    } catch {
      // Not ours, or damaged: it is written anew.
      return undefined;
    }
  }

  /** Without the record the work is done again: failing to write it is no reason to fail. */
  async remember(key: string, value: T): Promise<void> {
    const path = this.path(key);
    const temporary = `${path}.${randomUUID()}`;
    try {
      await mkdir(dirname(path), { recursive: true, mode: 0o700 });
      await writeFile(temporary, JSON.stringify(value), { mode: 0o600 });
      await rename(temporary, path);
    } catch {
      await rm(temporary, { force: true }).catch(() => undefined);
    }
  }

  private path(key: string): string {
    return join(this.folder, `${key}.json`);
  }
}
