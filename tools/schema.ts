// Writes schema.json from the resources' zod schemas; with --check, fails when it is not what they say.
import { readFile, writeFile } from "node:fs/promises";
import { parseArgs } from "node:util";
import { packageSchema } from "../provider/schema/package.ts";
import { inRepository } from "./repository.ts";
import { runTask, TaskError } from "./task.ts";

const file = inRepository("schema.json");

await runTask(async () => {
  const { values } = parseArgs({ options: { check: { type: "boolean", default: false } } });
  const schema = `${JSON.stringify(packageSchema(), undefined, 2)}\n`;
  const current = await readFile(file, "utf8").catch(() => "");
  if (current === schema) return;
  if (values.check) throw new TaskError("schema.json is not what the resources say: run `npm run schema`.");
  await writeFile(file, schema);
  console.log("schema.json");
});
