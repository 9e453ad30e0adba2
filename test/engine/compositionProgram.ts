/** Programs of Modules and Compositions. */
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Workspace } from "./workspace.ts";

type Properties = Record<string, unknown>;

/** A program of Modules, each with the file of its name, and of Compositions. Names are given by resource. */
export function composing(modules: readonly string[], compositions: Record<string, Properties>): Properties {
  const resources = [
    ...modules.map((name) => [name, module(`./${name}.wasm`)] as const),
    ...Object.entries(compositions).map(
      ([name, properties]) => [name, { type: "wasm:Composition", properties }] as const,
    ),
  ];
  return Object.fromEntries(resources);
}

const module = (file: string) => ({
  type: "wasm:Module",
  properties: { file: { "fn::fileAsset": file } },
});

/** Modules of a composition, by names of resources. */
export function parts(...names: string[]): Record<string, Properties> {
  return Object.fromEntries(names.map((name) => [name, { artifact: `\${${name}.artifact}` }]));
}

/** Writes modules into the program's folder. */
export async function writeModules(workspace: Workspace, modules: Record<string, Uint8Array>): Promise<void> {
  for (const [name, bytes] of Object.entries(modules)) {
    await writeFile(join(workspace.program, `${name}.wasm`), bytes);
  }
}
