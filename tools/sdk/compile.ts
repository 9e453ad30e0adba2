import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { copyFile, mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { withLock } from "../lock.mjs";
import { inRepository } from "../repository.ts";
import { TaskError, taskSignal } from "../task.ts";
import { run } from "../toolchain/process.ts";
import { listFiles } from "./files.ts";

const sdk = inRepository("sdk", "nodejs");
const bin = join(sdk, "bin");

/** Compiles the Node SDK into `sdk/nodejs/bin`, where programs find it, unless nothing changed. Resolves to its folder. */
export async function compileNodeSdk(): Promise<string> {
  const cache = inRepository("node_modules", ".cache");
  await mkdir(cache, { recursive: true });
  await withLock(join(cache, "sdk.lock"), async () => {
    const stamp = join(bin, ".source.sha256");
    const wanted = await sourceHash();
    if ((await readFile(stamp, "utf8").catch(() => "")) === wanted) return;
    await rm(bin, { recursive: true, force: true });
    await compile();
    // The compiled code reads its version from a package.json beside it.
    await copyFile(join(sdk, "package.json"), join(bin, "package.json"));
    await writeFile(stamp, wanted);
  });
  return sdk;
}

async function compile(): Promise<void> {
  if (!existsSync(join(sdk, "tsconfig.json")))
    throw new TaskError("There is no Node SDK: run `npm run sdk` first.");
  const compiler = inRepository("node_modules", "typescript", "bin", "tsc");
  const { code, stdout } = await run(process.execPath, [compiler, "-p", sdk], { signal: taskSignal });
  if (code !== 0) throw new TaskError(`The Node SDK does not compile:\n${stdout}`);
}

async function sourceHash(): Promise<string> {
  const hash = createHash("sha256");
  for (const file of await listFiles(sdk)) hash.update(`\0${file}\0`).update(await readFile(join(sdk, file)));
  return hash.digest("hex");
}
