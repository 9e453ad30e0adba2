/**
 * Push and pull as a command, to be measured beside the commands of others; prints the most memory that it held, in bytes:
 *
 *   push <file> <host/repository>
 *   pull <host/repository@sha256:…> <folder of a store>
 */
import { open } from "node:fs/promises";
import { hashFile } from "../provider/artifacts/digest.ts";
import { Store } from "../provider/artifacts/store.ts";
import { RegistryClient } from "../provider/oci/client.ts";
import { Origins } from "../provider/oci/origins.ts";
import { pullModule } from "../provider/oci/pull.ts";
import { pushImage } from "../provider/oci/push.ts";
import { parseReference } from "../provider/oci/reference.ts";
import { wasmArtifact } from "../provider/oci/wasmArtifact.ts";
import { peakBytes } from "./memory.ts";

const [command, from = "", to = ""] = process.argv.slice(2);
const call = { signal: AbortSignal.timeout(60_000) };
const client = new RegistryClient();
await (command === "push" ? push(from, to) : pull(from, to));
await client.close();
console.log((await peakBytes(process.pid)) ?? process.resourceUsage().maxRSS * 1024);

async function push(path: string, name: string): Promise<void> {
  const file = await open(path);
  const found = await hashFile(file).finally(() => file.close());
  const content = wasmArtifact({ ...found, kind: "component", imports: [], exports: [] });
  const repository = client.repository(parseReference(name), { insecure: true });
  const origins = new Origins(`${path}.origins`);
  await pushImage(repository, content, { pathOf: async () => path, origins }, call);
}

async function pull(reference: string, folder: string): Promise<void> {
  const parsed = parseReference(reference);
  if (parsed.digest === undefined) throw new Error(`${reference} has no digest.`);
  const source = client.repository(parsed, { insecure: true });
  await pullModule(parsed.digest, {
    source,
    store: new Store({ folder }),
    name: reference,
    maxSize: 256 * 1024 ** 2,
    call,
  });
}
