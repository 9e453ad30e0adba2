import { readdir, readFile } from "node:fs/promises";
import { join, relative, sep } from "node:path";

/** What package managers and compilers put into an SDK's folder. */
const notGenerated = /(^|\/)(bin|obj|node_modules|__pycache__)\//;

/** The generated files of a folder, by their sorted relative paths with slashes. */
export async function listFiles(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true }).catch(() => []);
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => relative(folder, join(entry.parentPath, entry.name)).split(sep).join("/"))
    .filter((path) => !notGenerated.test(path))
    .sort();
}

/** The files that are not the same in both folders. */
export async function differences(a: string, b: string): Promise<string[]> {
  const files = new Set([...(await listFiles(a)), ...(await listFiles(b))]);
  const different: string[] = [];
  for (const file of [...files].sort()) {
    const [inA, inB] = await Promise.all(
      [a, b].map((folder) => readFile(join(folder, file)).catch(() => undefined)),
    );
    if (inA === undefined || inB === undefined || !inA.equals(inB)) different.push(file);
  }
  return different;
}
