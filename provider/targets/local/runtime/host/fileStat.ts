/** What `wasi:filesystem` tells of a file. */
import { createHash } from "node:crypto";
import type { BigIntStats, Dirent } from "node:fs";
import type { OpenFile } from "./openFile.ts";

export interface Datetime {
  seconds: bigint;
  nanoseconds: number;
}

/** `new-timestamp`, as jco passes it. */
export type NewTimestamp = { tag: "no-change" } | { tag: "now" } | { tag: "timestamp"; val: Datetime };

export function typeOf(entry: BigIntStats | Dirent): string {
  if (entry.isFile()) return "regular-file";
  if (entry.isDirectory()) return "directory";
  if (entry.isSymbolicLink()) return "symbolic-link";
  if (entry.isFIFO()) return "fifo";
  if (entry.isSocket()) return "socket";
  if (entry.isBlockDevice()) return "block-device";
  if (entry.isCharacterDevice()) return "character-device";
  return "unknown";
}

function datetime(nanoseconds: bigint): Datetime {
  return { seconds: nanoseconds / 1_000_000_000n, nanoseconds: Number(nanoseconds % 1_000_000_000n) };
}

export function describe(stats: BigIntStats) {
  return {
    type: typeOf(stats),
    linkCount: stats.nlink,
    size: stats.size,
    dataAccessTimestamp: datetime(stats.atimeNs),
    dataModificationTimestamp: datetime(stats.mtimeNs),
    statusChangeTimestamp: datetime(stats.ctimeNs),
  };
}

/** Seconds since 1970 for Node's calls. */
export function seconds(wanted: NewTimestamp, present: bigint): number {
  if (wanted.tag === "now") return Date.now() / 1e3;
  if (wanted.tag === "no-change") return Number(present) / 1e9;
  return Number(wanted.val.seconds) + wanted.val.nanoseconds / 1e9;
}

/** Says whether two files are the same, without telling the host's numbers. */
export function hash(stats: BigIntStats): { lower: bigint; upper: bigint } {
  const bytes = createHash("sha256")
    .update(`${stats.dev}:${stats.ino}:${stats.size}:${stats.mtimeNs}`)
    .digest();
  return { lower: bytes.readBigUInt64LE(0), upper: bytes.readBigUInt64LE(8) };
}

export function isSame(one: OpenFile, other: OpenFile): boolean {
  const [a, b] = [one.stat(), other.stat()];
  return a.dev === b.dev && a.ino === b.ino;
}
