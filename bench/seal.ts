/** What it costs to seal grants into compositions: when they are made, in their bytes, and where they run. */
import { join } from "node:path";
import { tool } from "../tools/toolchain/index.ts";
import type { Bench } from "./bench.ts";
import { Place } from "./compose.ts";
import { sealedBytes } from "./sealBytes.ts";
import { guardedCalls } from "./sealCalls.ts";
import { guardedInstances } from "./sealInstances.ts";
import { sealedTimes } from "./sealTimes.ts";

export const sealBench: Bench = {
  name: "seal",
  title: "Sealed compositions",
  async run({ folder }) {
    const place = new Place(join(folder, "cache"));
    try {
      const wasmtime = await tool("wasmtime");
      return [
        ...(await guardedCalls(place, folder, wasmtime)),
        ...(await guardedInstances(place, folder, wasmtime)),
        ...(await sealedBytes(place)),
        ...(await sealedTimes(place)),
      ];
    } finally {
      await place.close();
    }
  },
};
