import { chmod, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { crate } from "../../tools/toolchain/crate.ts";
import { Unavailable } from "../../tools/toolchain/tool.ts";

let root: string;
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), "crate-"));
  await mkdir(join(root, "bin"));
});
afterEach(async () => {
  vi.unstubAllEnvs();
  await rm(root, { recursive: true });
});

const reports: string[] = [];

/** Obtains a tool with a `cargo` that does this, in shell. */
async function obtain(script: string | undefined, features?: string[]): Promise<string> {
  const cargo = join(root, "bin", "cargo");
  if (script !== undefined) {
    await writeFile(cargo, `#!/bin/sh\n${script}\n`);
    await chmod(cargo, 0o755);
  }
  vi.stubEnv(
    "PATH",
    script === undefined ? join(root, "bin") : `${join(root, "bin")}${delimiter}${process.env.PATH}`,
  );
  const folder = join(root, "tool");
  await mkdir(folder);
  reports.length = 0;
  await crate({ name: "tool-cli", version: "1.2.3", ...(features && { features }) }).obtain({
    folder,
    executable: "tool",
    report: (what) => reports.push(what),
    signal: new AbortController().signal,
  });
  return folder;
}

/** Leaves what cargo leaves, and its arguments in the executable. */
const install = `
echo "   Compiling one v0.1.0" >&2
echo "    Finished" >&2
for root; do :; done
mkdir -p "$root/bin" "$CARGO_TARGET_DIR"
echo "$@" > "$root/bin/tool"`;

test("a crate is built in its pinned version with its own lock, and only the executable stays", async () => {
  const folder = await obtain(install, ["run", "serve"]);
  expect(await readdir(folder)).toEqual(["tool"]);
  expect(await readFile(join(folder, "tool"), "utf8")).toBe(
    `install tool-cli --version =1.2.3 --locked --no-default-features --features run,serve --no-track --root ${join(folder, "cargo")}\n`,
  );
  expect(reports).toEqual(["building with Cargo", "building with Cargo, 1 crates"]);
});

test.each([
  ["cargo fails", 'echo "error: no matching package" >&2; exit 101', "error: no matching package"],
  ["there is no cargo", undefined, "cargo is not on PATH"],
])("a crate is unavailable where %s", async (_name, script, message) => {
  await expect(obtain(script)).rejects.toThrow(new Unavailable(message));
});
