// Generates the SDKs from schema.json; with --check, fails when they are not what it says.
import { cp, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { parseArgs } from "node:util";
import { inRepository } from "./repository.ts";
import { differences } from "./sdk/files.ts";
import { generate, languages } from "./sdk/generate.ts";
import { runTask, TaskError } from "./task.ts";
import { run } from "./toolchain/process.ts";

const sdk = inRepository("sdk");
const shownDiffs = 3;

await runTask(async () => {
  const { values } = parseArgs({ options: { check: { type: "boolean", default: false } } });
  const folder = await mkdtemp(join(tmpdir(), "pulumi-wasm-sdk-"));
  try {
    await generate(folder);
    const changed = (await Promise.all(languages.map((language) => changesOf(folder, language)))).flat();
    if (changed.length === 0) return;
    if (values.check) throw await drift(folder, changed);
    await replace(folder, changed);
    console.log(`${changed.length} files in sdk`);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
});

async function changesOf(generated: string, language: string): Promise<string[]> {
  const files = await differences(join(sdk, language), join(generated, language));
  return files.map((file) => join(language, file));
}

async function replace(generated: string, files: string[]): Promise<void> {
  for (const file of files) {
    await rm(join(sdk, file), { force: true });
    await cp(join(generated, file), join(sdk, file), { preserveTimestamps: false }).catch(ignoreMissing);
  }
}

async function drift(generated: string, files: string[]): Promise<TaskError> {
  const shown = files.slice(0, shownDiffs).map(async (file) => {
    const paths = [join(sdk, file), join(generated, file)];
    const { stdout } = await run("git", ["diff", "--no-index", "--no-color", ...paths], {
      cwd: dirname(generated),
    });
    return stdout;
  });
  const list = files.map((file) => `  sdk/${file}`);
  const heading = "The SDKs are not what schema.json says: run `npm run sdk`.";
  return new TaskError([heading, ...list, ...(await Promise.all(shown))].join("\n"));
}

function ignoreMissing(error: NodeJS.ErrnoException): void {
  if (error.code !== "ENOENT") throw error;
}
