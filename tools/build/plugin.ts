import { existsSync } from "node:fs";
import { chmod, copyFile, mkdtemp, readFile, rename, rm, writeFile } from "node:fs/promises";
import { isBuiltin } from "node:module";
import { join, relative } from "node:path";
import { build, type Metafile } from "esbuild";
import * as z from "zod";
import { withLock } from "../lock.mjs";
import { inRepository, root } from "../repository.ts";
import { TaskError } from "../task.ts";
import { buildComposer, composerFiles, guardFiles } from "./composer.ts";
import { isFresh, writeFingerprint } from "./fingerprint.ts";
import { launcher, minimumNode } from "./launcher.ts";
import { licenses } from "./licenses.ts";
import { besidePlugin, requestsPlugin, stubPlugin } from "./packages.ts";

/** Scripts that a process or a worker is started with, by their place in `dist`. */
const entryPoints: Record<string, string> = {
  main: "provider/main.ts",
  inspector: "provider/artifacts/inspectorProcess.ts",
  composer: "provider/artifacts/compose/composerProcess.ts",
  "local/supervisor": "provider/targets/local/runtime/supervisor.ts",
  "local/guestHost": "provider/targets/local/runtime/guestHost.ts",
  "local/requestWorker": "provider/targets/local/runtime/requestWorker.ts",
  // Not started, but it finds the others relative to itself, so it has to land in `dist` itself.
  pluginFiles: "provider/pluginFiles.ts",
};

/** CommonJS packages in an ECMAScript module call `require` for Node's own modules. */
const banner =
  'import { createRequire as __createRequire } from "node:module"; const require = __createRequire(import.meta.url);';

const dist = inRepository("dist");

/**
 * Builds what is shipped into `dist`, unless nothing changed. The folder is replaced whole, so that a failed or
 * aborted build leaves the former one. Resolves to the path of the plugin's executable.
 */
export async function buildPlugin(): Promise<string> {
  await withLock(inRepository("node_modules/.cache/build.lock"), async () => {
    if (await isFresh(dist)) return;
    const folder = await mkdtemp(inRepository("node_modules/.cache/dist-"));
    try {
      const { inputs, outputs } = await bundle(folder);
      refuseExternals(outputs);
      await addFiles(folder, inputs);
      await buildComposer(join(folder, "composer"));
      await rm(dist, { recursive: true, force: true });
      await rename(folder, dist);
      await writeFingerprint([...Object.keys(inputs), ...composerFiles, ...(await guardFiles())]);
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  });
  return join(dist, "pulumi-resource-wasm");
}

async function bundle(outdir: string): Promise<Metafile> {
  const { metafile } = await build({
    absWorkingDir: root,
    entryPoints,
    outdir,
    bundle: true,
    splitting: true,
    format: "esm",
    platform: "node",
    target: `node${minimumNode}`,
    // Names stay, for stack traces and for code that reads them.
    minifySyntax: true,
    minifyWhitespace: true,
    legalComments: "none",
    chunkNames: "[name]-[hash]",
    assetNames: "[name]-[hash]",
    banner: { js: banner },
    plugins: [stubPlugin, requestsPlugin, besidePlugin],
    metafile: true,
    logLevel: "warning",
  }).catch(() => {
    throw new TaskError("The build failed.");
  });
  return metafile;
}

/** Nothing may be left to find at run time but what Node has itself. */
function refuseExternals(outputs: Metafile["outputs"]): void {
  const imports = Object.values(outputs).flatMap((output) => output.imports);
  const missing = imports
    .filter(({ external, path }) => external && !isBuiltin(path))
    .map(({ path }) => path);
  if (missing.length > 0)
    throw new TaskError(`The bundle would look for ${[...new Set(missing)].join(", ")}.`);
}

async function addFiles(folder: string, inputs: Metafile["inputs"]): Promise<void> {
  const { version, license } = z
    .object({ version: z.string(), license: z.string() })
    .parse(JSON.parse(await readFile(inRepository("package.json"), "utf8")));
  const manifest = { name: "pulumi-resource-wasm", version, license, type: "module", private: true };
  // A temporary folder is its owner's alone.
  await chmod(folder, 0o755);
  await writeFile(join(folder, "package.json"), `${JSON.stringify(manifest, undefined, 2)}\n`);
  await writeFile(join(folder, "THIRD-PARTY-LICENSES.txt"), await licenses(root, inputs));
  if (existsSync(inRepository("schema.json")))
    await copyFile(inRepository("schema.json"), join(folder, "schema.json"));
  const executable = join(folder, "pulumi-resource-wasm");
  await writeFile(executable, launcher(repositoryNode()));
  await chmod(executable, 0o755);
}

/** The Node that the platform packages brought, relative to `dist`; nothing when this is another one. */
function repositoryNode(): string | undefined {
  const path = relative(dist, process.execPath);
  return path.startsWith(join("..", "node_modules")) ? path : undefined;
}
