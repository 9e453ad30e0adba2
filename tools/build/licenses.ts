import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import type { Metafile } from "esbuild";
import * as z from "zod";

const manifestSchema = z.object({ name: z.string(), version: z.string(), license: z.string().optional() });

/** The licence texts of every package that went into the bundle, as their licences ask for. */
export async function licenses(root: string, inputs: Metafile["inputs"]): Promise<string> {
  const folders = new Set(Object.keys(inputs).flatMap((path) => packageFolder(path) ?? []));
  const texts = await Promise.all([...folders].sort().map((folder) => license(join(root, folder))));
  return texts.join(`\n${"-".repeat(80)}\n\n`);
}

/** `node_modules/a/node_modules/@b/c` of a file in it. */
function packageFolder(path: string): string | undefined {
  return /^((?:[^:]*\/)?node_modules\/(?:@[^/]+\/)?[^/]+)\//.exec(path)?.[1];
}

async function license(folder: string): Promise<string> {
  const manifest = manifestSchema.parse(JSON.parse(await readFile(join(folder, "package.json"), "utf8")));
  const files = (await readdir(folder)).filter((name) => /^(licen[cs]e|notice|copying)/i.test(name)).sort();
  const texts = await Promise.all(files.map((name) => readFile(join(folder, name), "utf8")));
  return [`${manifest.name} ${manifest.version} (${manifest.license ?? "see below"})`, ...texts].join("\n\n");
}
