/** One cluster for a whole test run: the first file that asks has it started, and it ends with the run. */

import { inject } from "vitest";
import * as z from "zod";
import { Cluster } from "./access.ts";
import { startCluster } from "./cluster.ts";

const accessSchema = z.object({ server: z.string(), token: z.string() });

declare module "vitest" {
  interface ProvidedContext {
    /** Where globalSetup.ts gives the cluster's `Access`. */
    cluster: string;
  }
}

/** The run's cluster, or one of its own where the run has none; dispose of it at the end either way. */
export async function sharedCluster(): Promise<Cluster & AsyncDisposable> {
  const address = inject("cluster") as string | undefined;
  if (address === undefined) return startCluster();
  const response = await fetch(address);
  if (!response.ok) throw new Error(await response.text());
  const cluster = new Cluster(accessSchema.parse(await response.json()));
  return Object.assign(cluster, { [Symbol.asyncDispose]: async () => {} });
}
