import { basename, join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { minimumNode } from "../tools/build/launcher.ts";
import { requestsPlugin } from "../tools/build/packages.ts";
import { root } from "../tools/repository.ts";

/**
 * Bundles a script into `folder` as tools/build/plugin.ts bundles the plugin; resolves to the bundle's path. What runs in
 * a process whose memory is measured is bundled too: to load TypeScript costs Node 12 MB.
 */
export async function bundle(script: URL, folder: string): Promise<string> {
  const file = fileURLToPath(script);
  const outfile = join(folder, `${basename(file, ".ts")}.mjs`);
  await build({
    absWorkingDir: root,
    entryPoints: [file],
    outfile,
    bundle: true,
    format: "esm",
    platform: "node",
    target: `node${minimumNode}`,
    minifySyntax: true,
    minifyWhitespace: true,
    legalComments: "none",
    banner: {
      js: 'import { createRequire as __createRequire } from "node:module"; const require = __createRequire(import.meta.url);',
    },
    plugins: [requestsPlugin],
    logLevel: "warning",
  });
  return outfile;
}

/** Bundles the server that the plugin is compared with. */
export function bundleBareServer(folder: string): Promise<string> {
  return bundle(new URL("./bareServer.ts", import.meta.url), folder);
}
