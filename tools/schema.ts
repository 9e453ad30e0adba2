// Writes schema.json and the reference pages from the resources' zod schemas; with --check, fails when they differ.
import { mkdir, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { parseArgs } from "node:util";
import { packageSchema } from "../provider/schema/package.ts";
import { referencePages } from "../provider/schema/pages.ts";
import { inRepository } from "./repository.ts";
import { runTask, TaskError } from "./task.ts";

const pagesFolder = "docs/resources";

await runTask(async () => {
  const { values } = parseArgs({ options: { check: { type: "boolean", default: false } } });
  const wanted = generated();
  const present = await Promise.all([...wanted.keys(), ...(await presentPages())].map(withText));
  const stale = [...new Map(present)]
    .filter(([file, text]) => wanted.get(file) !== text)
    .map(([file]) => file);
  if (stale.length === 0) return;
  if (values.check) {
    throw new TaskError(`${stale.join(", ")}: not what the resources say. Run \`npm run schema\`.`);
  }
  for (const file of stale) await put(file, wanted.get(file));
  console.log(stale.join("\n"));
});

/** Paths in the repository, with what they shall hold. */
function generated(): Map<string, string> {
  const schema = packageSchema();
  const pages = [...referencePages(schema)].map(([name, text]) => [join(pagesFolder, name), text] as const);
  return new Map([["schema.json", `${JSON.stringify(schema, undefined, 2)}\n`], ...pages]);
}

async function presentPages(): Promise<string[]> {
  const names = await readdir(inRepository(pagesFolder)).catch(() => []);
  return names.map((name) => join(pagesFolder, name));
}

async function withText(file: string): Promise<[string, string | undefined]> {
  return [file, await readFile(inRepository(file), "utf8").catch(() => undefined)];
}

async function put(file: string, text: string | undefined): Promise<void> {
  const path = inRepository(file);
  if (text === undefined) return rm(path);
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, text);
}
