/** Requests over the wire: a grant's beside a handler that does nothing, a module's beside reading and hashing it. */
import { createHash } from "node:crypto";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Bench } from "./bench.ts";
import { bundleBareServer } from "./bundle.ts";
import { Client } from "./client.ts";
import type { Figure } from "./figures.ts";
import { interleave, ratio, timed } from "./measure.ts";
import { echo, padded } from "./modules.ts";
import { ParserWatch } from "./parser.ts";
import { startPlugin } from "./processes.ts";
import { grantInputs, moduleInputs } from "./properties.ts";

const grantRounds = 1_000;
const moduleRounds = 100;
const moduleBytes = 2_000_000;
const grantType = "wasm:index:CapabilityGrant";
const moduleType = "wasm:index:Module";

export const wireBench: Bench = {
  name: "wire",
  title: "Requests over the wire",
  async run({ folder, plugin }) {
    const env = { PULUMI_WASM_CACHE: join(folder, "cache") };
    const server = await bundleBareServer(folder);
    return [...(await grants(plugin, server, env)), ...(await modules(plugin, folder, env))];
  },
};

async function grants(plugin: string, server: string, env: Record<string, string>): Promise<Figure[]> {
  await using ownProcess = await startPlugin(plugin, { env });
  await using bareProcess = await startPlugin(server);
  using own = new Client(ownProcess.port);
  using bare = new Client(bareProcess.port);
  const inputs = grantInputs();
  const outputs = await own.previewCreate(grantType, inputs);
  const requests: Record<string, (client: Client) => Promise<unknown>> = {
    Check: (client) => client.check(grantType, inputs),
    Diff: (client) => client.diff(grantType, { inputs, outputs }, inputs),
    "Previewed Create": (client) => client.previewCreate(grantType, inputs),
  };
  const figures: Figure[] = [];
  for (const [name, request] of Object.entries(requests)) {
    const subjects = { own: () => timed(() => request(own)), bare: () => timed(() => request(bare)) };
    // Both are compiled by the time that counts.
    await interleave(grantRounds, subjects);
    const samples = await interleave(grantRounds, subjects);
    figures.push({
      name: `${name} of a CapabilityGrant`,
      value: ratio(samples.own, samples.bare),
      unit: "times",
      against: "that of a handler that does nothing, on a bare @grpc/grpc-js server",
      samples,
    });
  }
  return figures;
}

async function modules(plugin: string, folder: string, env: Record<string, string>): Promise<Figure[]> {
  const file = join(folder, "large.wasm");
  await writeFile(file, padded(await readFile(echo), moduleBytes, 0));
  const inputs = moduleInputs(file);
  const watch = await ParserWatch.create(folder);
  const options = { env: { ...env, ...watch.env }, nodeArguments: watch.nodeArguments };
  await using first = await startPlugin(plugin, options);
  using client = new Client(first.port);
  await client.check(moduleType, inputs);
  const atFirst = await watch.inspections();
  const samples = await interleave(moduleRounds, {
    check: () => timed(() => client.check(moduleType, inputs)),
    read: () => timed(() => readAndHash(file)),
  });
  await using second = await startPlugin(plugin, options);
  using secondClient = new Client(second.port);
  await secondClient.check(moduleType, inputs);
  const later = (await watch.inspections()) - atFirst;
  return [
    {
      name: "Check of a Module of 2 MB, unchanged",
      value: ratio(samples.check, samples.read),
      unit: "times",
      against: "reading and hashing the file in-process: less than 2 says that these dominate",
      atMost: 2,
      samples,
    },
    { name: "Modules parsed by its first Check", value: atFirst, unit: "count" },
    {
      name: "Modules parsed",
      value: later,
      unit: "count",
      against: `more, by ${moduleRounds} further Checks and by that of a new process`,
      atMost: 0,
    },
  ];
}

async function readAndHash(file: string): Promise<string> {
  return createHash("sha256")
    .update(await readFile(file))
    .digest("hex");
}
