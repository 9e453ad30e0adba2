/** The guards that are shipped: `composer/guards`. */
import { readFile } from "node:fs/promises";
import { type GuardName, guardNames } from "../../capabilities/vocabulary.ts";
import { pluginFile } from "../../pluginFiles.ts";
import { type Digest, digestOf } from "../digest.ts";
import { readRootExterns } from "../sections.ts";
import type { ComponentFile } from "./protocol.ts";

export interface Guard extends ComponentFile {
  name: GuardName;
  /** Full names of the interfaces that it asks for. */
  imports: string[];
}

const known = new Map<GuardName, Promise<Guard>>();

/** @throws Error when the plugin's own files are gone */
export function shippedGuard(name: GuardName): Promise<Guard> {
  const found = known.get(name) ?? read(name);
  known.set(name, found);
  return found;
}

/** Of the guard with these bytes, where it is one of those. */
export async function nameOfGuard(digest: Digest): Promise<GuardName | undefined> {
  const guards = await Promise.all(guardNames.map(shippedGuard));
  return guards.find((guard) => guard.digest === digest)?.name;
}

async function read(name: GuardName): Promise<Guard> {
  const path = pluginFile(`composer/guards/${name}.wasm`);
  const bytes = await readFile(path);
  const imports = readRootExterns(bytes).imports.map((item) => item.name);
  return { name, path, digest: digestOf(bytes), imports };
}
