/** Turns a component into JavaScript and core modules; runs in a process of its own, for the bytes are untrusted. */
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { transpileBytes } from "@bytecodealliance/jco-transpile";

export async function transpile(file: string, folder: string): Promise<void> {
  const bytes = new Uint8Array(await readFile(file));
  const { files } = await transpileBytes(bytes, {
    name: "component",
    instantiation: "sync",
    wasiShim: false,
    nodejsCompat: false,
    emitTypescriptDeclarations: false,
    base64Cutoff: 0,
  });
  await mkdir(folder, { recursive: true });
  for (const [name, content] of Object.entries(files)) {
    if (/^component(\.core\d*)?\.(js|wasm)$/.test(name)) await writeFile(join(folder, name), content);
  }
  // Node takes a file's kind from the nearest package.json, and none lies above the cache.
  await writeFile(join(folder, "package.json"), '{"type":"module"}\n');
}
