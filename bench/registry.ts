/** Artifacts into a registry and out of it, beside the commands of others on the same files; what a change sends. */
import { join } from "node:path";
import { startRegistry } from "../test/cluster/registry.ts";
import type { Bench } from "./bench.ts";
import { asCommands } from "./registryCommands.ts";
import { asTheEngine } from "./registryEngine.ts";
import { Others, type SourceFile, SourceFiles } from "./registryOthers.ts";
import { whatIsSent } from "./registrySent.ts";
import { RunningPlugin } from "./runningPlugin.ts";

export const registryBench: Bench = {
  name: "registry",
  title: "Registries",
  async run({ folder, plugin }) {
    await using registry = await startRegistry();
    const { host, url } = registry;
    const files = new SourceFiles(folder);
    const others = await Others.find(host, folder);
    const reference = await published(plugin, folder, host, files);
    const place = { host, folder, plugin, others, files, reference };
    return [
      ...(await asTheEngine(place)),
      ...(await asCommands(place)),
      ...(await whatIsSent(url, folder, plugin)),
    ];
  },
};

/** An artifact of our own, which all clients can pull. */
async function published(script: string, folder: string, host: string, files: SourceFiles): Promise<string> {
  await using plugin = await RunningPlugin.start({ script, cache: join(folder, "published"), host });
  const push = async ({ path }: SourceFile) =>
    plugin.push(await plugin.artifactOf(path), `${host}/bench/published`);
  return await files.with(push);
}
