import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { minimumNode } from "../tools/build/launcher.ts";
import { root } from "../tools/repository.ts";

/** Bundles the bare server into `folder` as tools/build/plugin.ts bundles the plugin; resolves to its script. */
export async function bundleBareServer(folder: string): Promise<string> {
  const outfile = join(folder, "bareServer.mjs");
  await build({
    absWorkingDir: root,
    entryPoints: [fileURLToPath(new URL("./bareServer.ts", import.meta.url))],
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
    logLevel: "warning",
  });
  return outfile;
}
