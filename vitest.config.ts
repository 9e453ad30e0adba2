import { defineConfig } from "vitest/config";

/** Test files of a tier, which is a folder under `test`. */
function tier(name: string, options: { testTimeout: number; hookTimeout: number; globalSetup?: string }) {
  return { extends: true as const, test: { name, include: [`test/${name}/**/*.test.ts`], ...options } };
}

const seconds = 1000;

export default defineConfig({
  test: {
    environment: "node",
    // Tests wait for other processes a third of the time; more workers would only make them wait for one another.
    maxWorkers: 3,
    projects: [
      tier("unit", { testTimeout: 20 * seconds, hookTimeout: 20 * seconds }),
      tier("protocol", { testTimeout: 20 * seconds, hookTimeout: 20 * seconds }),
      // The real engine; each file has stacks of its own.
      tier("engine", { testTimeout: 180 * seconds, hookTimeout: 180 * seconds }),
      // Real registries and a real API server; programs through the real engine as well.
      tier("cluster", {
        testTimeout: 180 * seconds,
        hookTimeout: 180 * seconds,
        globalSetup: "test/cluster/kubernetes/globalSetup.ts",
      }),
      tier("runtime", { testTimeout: 60 * seconds, hookTimeout: 60 * seconds }),
    ],
  },
});
