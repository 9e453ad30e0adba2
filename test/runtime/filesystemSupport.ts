/**
 * The guard of `wasi:filesystem` in real Wasmtime, which opens all that the tests have. The guest `files` does what a
 * script tells it; a request to it is one instance.
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, writeFileSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { onTestFinished } from "vitest";
import { findOnPath } from "../../tools/toolchain/path.ts";
import { Workshop } from "../unit/composeSetup.ts";
import { folder } from "./localSupport.ts";
import { rulesComponent } from "./rulesComponent.ts";

export const wasmtime = await findOnPath("wasmtime");
const shop = await Workshop.open();
const committed = (path: string) => readFile(join(import.meta.dirname, "../..", path));

const wac = `package test:guarded;
let rules = new module:rules {};
let guard = new module:guard { ...rules, ... };
let guest = new module:guest { ...guard, ... };
export guest["wasi:http/incoming-handler@0.2.0"];`;

/** A guest behind the guard: `read /data` grants that path. */
async function guarded(grants: string[]): Promise<string> {
  const lines = grants.map((grant) => `filesystem\t${grant.replace(" ", "\t")}\tvolume`);
  const parts = {
    guest: await committed("test/fixtures/guests/files.wasm"),
    guard: await committed("composer/guards/filesystem.wasm"),
    rules: await rulesComponent(lines, "api"),
  };
  const added = Object.entries(parts).map(async ([name, bytes]) => [name, await shop.add(bytes)] as const);
  const spec = { modules: Object.fromEntries(await Promise.all(added)), wac };
  const { artifact } = await shop.composer.compose(spec);
  return shop.store.path(await shop.composer.ensure(artifact));
}

/**
 * Serves the guest until the test ends. `directories` are the host's, by their guest paths. The server may have few files
 * open, so that none may be forgotten.
 * @returns what runs a script, and gives its lines
 */
export async function files(grants: string[], directories: Record<string, string>) {
  const mounts = Object.entries(directories).flatMap(([guest, host]) => ["--dir", `${host}::${guest}`]);
  const options = ["serve", "-S", "cli", "--addr", "127.0.0.1:0", ...mounts, await guarded(grants)];
  const limited = ["-c", 'ulimit -n 200; exec "$0" "$@"', wasmtime ?? "", ...options];
  const child = spawn("sh", limited, { stdio: ["ignore", "ignore", "pipe"] });
  onTestFinished(async () => {
    const exit = once(child, "exit");
    if (child.exitCode === null && child.kill("SIGKILL")) await exit;
  });
  const said: string[] = [];
  for await (const line of createInterface(child.stderr)) {
    const url = /^Serving HTTP on (\S+)$/.exec(line)?.[1];
    if (url === undefined) {
      said.push(line);
      continue;
    }
    child.stderr.resume();
    return async (...script: string[]) => {
      const answer = await fetch(url, { method: "POST", body: script.join("\n") });
      return (await answer.text()).trimEnd().split("\n");
    };
  }
  throw new Error(`wasmtime serve ended before it listened: ${said.join("\n")}`);
}

/** A folder of the host: `data`, of which parts are granted, beside a secret that no grant names. */
export function tree() {
  const root = folder();
  const [data, secret] = [join(root, "data"), join(root, "secret")];
  mkdirSync(join(data, "sub", "deep"), { recursive: true });
  mkdirSync(secret);
  writeFileSync(join(data, "file"), "inside");
  writeFileSync(join(data, "sub", "file"), "inside sub");
  writeFileSync(join(data, "sub", "deep", "file"), "inside deep");
  writeFileSync(join(secret, "file"), "outside");
  return { root, data, secret };
}

/** The folder as it is granted, and as a part of a broader one. */
export const mounts = [
  ["a directory of the host's own", ({ data }: ReturnType<typeof tree>) => ({ "/data": data })],
  ["a part of a broader one", ({ root }: ReturnType<typeof tree>) => ({ "/": root })],
] as const;
