import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { cp, readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import * as z from "zod";
import { inRepository } from "../repository.ts";
import { TaskError, taskSignal } from "../task.ts";
import { goModule } from "../toolchain/goModule.ts";
import { cacheFolder } from "../toolchain/index.ts";
import { run } from "../toolchain/process.ts";
import type { Tool } from "../toolchain/tool.ts";
import { Toolchain } from "../toolchain/toolchain.ts";

/** Languages with an SDK, which is the folder of that name in `sdk`. */
export const languages = ["nodejs", "python", "go", "dotnet"] as const;

/** The programs under `tools/go` that generate them; each writes the folders of its languages. */
const generators = ["sdkgen", "sdkgen-dotnet"] as const;

/** Generates all SDKs of schema.json into a folder: the same files for the same schema, everywhere. */
export async function generate(folder: string): Promise<void> {
  const schema = inRepository("schema.json");
  if (!existsSync(schema)) throw new TaskError("There is no schema.json: run `npm run schema` first.");
  const tools = Object.fromEntries(
    await Promise.all(generators.map(async (name) => [name, await generator(name)] as const)),
  );
  const log = (line: string) => console.error(line);
  const toolchain = new Toolchain(tools, { cache: cacheFolder("tools"), log, signal: taskSignal });
  for (const name of generators) {
    const { code, errors } = await run(await toolchain.tool(name), [schema, folder], { signal: taskSignal });
    if (code !== 0) throw new TaskError(`${name} failed:\n${errors.join("\n")}`);
  }
  await completeManifest(join(folder, "nodejs", "package.json"));
  // The generator puts it into the package, while its pyproject.toml names the one beside it.
  await cp(join(folder, "python", "pulumi_wasm", "README.md"), join(folder, "python", "README.md"));
}

/** A generator as a tool, with the hash of its source as its version. */
async function generator(name: string): Promise<Tool> {
  const folder = inRepository("tools", "go", name);
  const hash = createHash("sha256");
  for (const file of (await readdir(folder)).sort())
    hash.update(file).update(await readFile(join(folder, file)));
  return {
    version: hash.digest("hex").slice(0, 16),
    executable: name,
    sources: [goModule({ pin: name, package: "." })],
    install: "Go 1.25 or newer on PATH",
  };
}

/**
 * The generator leaves out where the compiled files are, and asks for a compiler of its own; this one is compiled
 * with the repository's.
 */
async function completeManifest(path: string): Promise<void> {
  const manifest = z.record(z.string(), z.unknown()).parse(JSON.parse(await readFile(path, "utf8")));
  const { devDependencies: _, scripts: __, ...rest } = manifest;
  const complete = { ...rest, main: "bin/index.js", types: "bin/index.d.ts", files: ["bin"] };
  await writeFile(path, `${JSON.stringify(complete, undefined, 4)}\n`);
}
