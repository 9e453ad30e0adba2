import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { composerSet } from "../../tools/composer.ts";
import { guardSet } from "../../tools/guards.ts";
import { guestSets } from "../../tools/guests.ts";
import { foldersOf, lockEntry, readLock } from "../../tools/rustComponents.ts";

describe.each([...guestSets, composerSet, guardSet])("the committed components of $lockFile", (set) => {
  test("are those that the lock names", async () => {
    const lock = await readLock(set);
    expect(Object.keys(lock.components).sort()).toEqual([...set.components].sort());
  });

  test.each(set.components)("%s has the digest and size of its lock entry", async (name) => {
    const lock = await readLock(set);
    for (const folder of foldersOf(set)) {
      const bytes = await readFile(join(folder, `${name}.wasm`));
      expect(lockEntry(bytes)).toEqual(lock.components[name]);
    }
  });
});
