import { mkdir, readFile, writeFile } from "node:fs/promises";
import { basename, join } from "node:path";
import { transpileBytes } from "@bytecodealliance/jco-transpile";
import { transform } from "esbuild";
import { guardSet } from "../guards.ts";
import { inRepository } from "../repository.ts";
import { readLock } from "../rustComponents.ts";

/** What is made of these files, which are committed: see `tools/composer.ts`. */
export const composerFiles = [
  "composer/composer.wasm",
  "composer/adapters/wasi_snapshot_preview1.command.wasm",
  "composer/adapters/wasi_snapshot_preview1.reactor.wasm",
  "composer/THIRD-PARTY-LICENSES.txt",
];

/** The guards as they are committed: see `tools/guards.ts`. */
export async function guardFiles(): Promise<string[]> {
  const { components } = await readLock(guardSet);
  return Object.keys(components).map((name) => `composer/guards/${name}.wasm`);
}

/** Writes the composer into a folder: as JavaScript that is instantiated for each call, with core modules, adapters and licences. */
export async function buildComposer(folder: string): Promise<void> {
  const [composer, ...others] = composerFiles.map((path) => inRepository(path));
  await mkdir(folder);
  const { files } = await transpileBytes(await readFile(composer!), {
    name: "composer",
    instantiation: "async",
    emitTypescriptDeclarations: false,
  });
  for (const [name, content] of Object.entries(files)) {
    if (name.endsWith(".d.ts")) continue;
    const bytes = name.endsWith(".js") ? await smaller(content) : content;
    await writeFile(join(folder, name), bytes);
  }
  await mkdir(join(folder, "guards"));
  for (const path of await guardFiles()) {
    await writeFile(join(folder, "guards", basename(path)), await readFile(inRepository(path)));
  }
  for (const path of others) {
    await writeFile(join(folder, path.slice(path.lastIndexOf("/") + 1)), await readFile(path));
  }
}

async function smaller(code: Uint8Array | string): Promise<string> {
  const options = { minifySyntax: true, minifyWhitespace: true, legalComments: "none" as const };
  return (await transform(code, options)).code;
}
