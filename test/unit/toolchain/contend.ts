// Started by toolchain.test.ts: takes the lock `lock` of a folder again and again, and fails when it was not alone.
import { rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { withLock } from "../../../tools/lock.mjs";

const [folder = "", hold] = process.argv.slice(2);
const guard = join(folder, "guard");

for (let round = 0; round < 25; round++) {
  await withLock(join(folder, "lock"), async () => {
    if (hold !== undefined) {
      console.log("holding");
      await new Promise((resolve) => setTimeout(resolve, 60_000));
    }
    await writeFile(guard, "", { flag: "wx" });
    await rm(guard);
  });
}
