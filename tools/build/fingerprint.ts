import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import * as z from "zod";
import { inRepository, root } from "../repository.ts";

const stampFile = inRepository("node_modules/.cache/build.json");
const stampSchema = z.object({ inputs: z.array(z.string()), hash: z.string() });

/** Whether `dist` was built from the files as they are now. */
export async function isFresh(dist: string): Promise<boolean> {
  if (!existsSync(join(dist, "main.js"))) return false;
  const text = await readFile(stampFile, "utf8").catch(() => undefined);
  if (text === undefined) return false;
  const { inputs, hash } = stampSchema.parse(JSON.parse(text));
  return hash === (await hashOf(inputs));
}

/** Remembers what `dist` was built from: the bundled sources and this tool; packages stand for their lock. */
export async function writeFingerprint(inputs: string[]): Promise<void> {
  const own = inputs.filter((path) => !path.includes("node_modules/") && !path.includes(":"));
  const tool = (await readdir(inRepository("tools/build"))).map((name) => `tools/build/${name}`);
  const others = ["package.json", "package-lock.json", "schema.json"];
  const files = [...new Set([...own, ...tool, ...others])].sort();
  await mkdir(dirname(stampFile), { recursive: true });
  await writeFile(stampFile, JSON.stringify({ inputs: files, hash: await hashOf(files) }));
}

async function hashOf(files: string[]): Promise<string> {
  const hash = createHash("sha256").update(process.execPath);
  for (const file of files) {
    const content = await readFile(join(root, file)).catch(() => undefined);
    hash.update(`\0${file}\0${content?.length ?? "missing"}\0`).update(content ?? "");
  }
  return hash.digest("hex");
}
