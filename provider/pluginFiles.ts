import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

/** The folder that is shipped: the bundle's own, or the repository's `dist` when the sources run as they are. */
function pluginFolder(): string {
  const here = dirname(fileURLToPath(import.meta.url));
  return import.meta.url.endsWith(".ts") ? join(here, "..", "dist") : here;
}

/** The path of a file that is shipped with the plugin, such as a worker's script. */
export function pluginFile(name: string): string {
  const path = join(pluginFolder(), name);
  if (!existsSync(path)) {
    throw new Error(
      `The plugin's own file ${name} is missing. Install the plugin again, or run \`npm run build\`.`,
    );
  }
  return path;
}
