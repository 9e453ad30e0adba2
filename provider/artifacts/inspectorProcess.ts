/** The process in which untrusted bytes are parsed; see `inspect.ts`, which starts, limits and replaces it. */
import { readFile } from "node:fs/promises";
import { type Digest, digestOf } from "./digest.ts";
import { ArtifactError, systemCode } from "./errors.ts";
import { inspectBytes } from "./inspectBytes.ts";
import type { Inspection } from "./inspection.ts";

export interface InspectRequest {
  path: string;
  digest: Digest;
}

export type InspectReply =
  | { inspection: Inspection }
  | { error: { code: ArtifactError["code"] | "internal"; message: string } };

process.on("message", async (request: InspectRequest) => {
  process.send?.(await inspect(request));
});
// The provider has gone, or has done with this process.
process.on("disconnect", () => process.exit());

async function inspect({ path, digest }: InspectRequest): Promise<InspectReply> {
  try {
    const bytes = await readFile(path);
    if (digestOf(bytes) !== digest) return { error: { code: "damaged", message: "" } };
    return { inspection: await inspectBytes(bytes, digest) };
  } catch (error) {
    if (error instanceof ArtifactError) return { error: { code: error.code, message: error.message } };
    if (systemCode(error) === "ENOENT") return { error: { code: "not-found", message: "" } };
    return { error: { code: "internal", message: error instanceof Error ? error.message : String(error) } };
  }
}
