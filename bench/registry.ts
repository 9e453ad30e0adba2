/** Artifacts into a registry and out of it, beside the commands of others on the same files; what a change sends. */
import { join } from "node:path";
import { startRegistry } from "../test/cluster/registry.ts";
import type { Bench } from "./bench.ts";
import { asCommands } from "./registryCommands.ts";
import { asTheEngine, Engine } from "./registryEngine.ts";
import { Others, SourceFiles } from "./registryOthers.ts";
import { whatIsSent } from "./registrySent.ts";

export const registryBench: Bench = {
  name: "registry",
  title: "Registries",
  async run({ folder, plugin }) {
    await using registry = await startRegistry();
    const { host, url } = registry;
    const files = new SourceFiles(folder);
    const others = await Others.find(host, folder);
    const reference = await published(plugin, folder, host, files);
    const place = { host, folder, others, files, reference };
    return [
      ...(await asTheEngine(place, plugin)),
      ...(await asCommands(place)),
      ...(await whatIsSent(url, folder, plugin)),
    ];
  },
};

/** An artifact of our own, which all clients can pull. */
async function published(plugin: string, folder: string, host: string, files: SourceFiles): Promise<string> {
  await using engine = await Engine.start(plugin, join(folder, "published"), host);
  return await files.with(async ({ path }) => {
    const { artifact = null } = await engine.module(path);
    const { ref } = await engine.image(artifact, `${host}/bench/published`);
    return String(ref);
  });
}
