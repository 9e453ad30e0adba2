import { fork, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { chmod, cp, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { delimiter, dirname, join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { digestOf } from "../../provider/artifacts/digest.ts";
import type { InspectReply, InspectRequest } from "../../provider/artifacts/inspectorProcess.ts";
import { launcher } from "../../tools/build/launcher.ts";

let folder: string;
let plugin: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "launcher-"));
  // A blank, for quoting.
  plugin = join(folder, "the plugin", "pulumi-resource-wasm");
  await mkdir(dirname(plugin));
  await writeFile(join(dirname(plugin), "main.js"), "console.log(process.argv.slice(2).join(','))");
});

afterEach(() => rm(folder, { recursive: true, force: true }));

describe("the plugin's executable", () => {
  test("starts main.js beside it on the Node of PATH, with its arguments", async () => {
    await install(undefined);
    expect(start(plugin, ["--logtostderr", "127.0.0.1:1"], dirname(process.execPath))).toEqual({
      code: 0,
      stdout: "--logtostderr,127.0.0.1:1\n",
      stderr: "",
    });
  });

  test("finds its files through a chain of symbolic links, absolute and relative", async () => {
    await install(undefined);
    await symlink(plugin, join(folder, "absolute"));
    await symlink("absolute", join(folder, "relative"));
    const { stdout } = start(join(folder, "relative"), ["x"], dirname(process.execPath), "/usr/bin", "/bin");
    expect(stdout).toBe("x\n");
  });

  test("prefers the Node that is shipped beside it, whatever PATH has", async () => {
    await install(undefined);
    const old = await fakeNode("bin/node", "v20.0.0");
    await fakeNode("the plugin/node", "shipped");
    expect(start(plugin, [], dirname(old)).stdout).toBe("shipped\n");
  });

  test("takes the Node that the build named, where it is", async () => {
    await install("../modules/node");
    await fakeNode("modules/node", "repository");
    expect(start(plugin, [], "").stdout).toBe("repository\n");
    await rm(join(folder, "modules"), { recursive: true });
    expect(start(plugin, ["x"], dirname(process.execPath)).stdout).toBe("x\n");
  });

  test.each([
    ["an old", "v20.19.0", "v20.19.0"],
    ["no", undefined, "none"],
    ["an unreadable", "not a version", "not a version"],
  ])(
    "with %s Node says so in one line, and nothing where the engine reads the port",
    async (_, version, found) => {
      await install(undefined);
      await mkdir(join(folder, "bin"));
      if (version !== undefined) await fakeNode("bin/node", version);
      const { code, stdout, stderr } = start(plugin, [], join(folder, "bin"));
      expect({ code, stdout }).toEqual({ code: 1, stdout: "" });
      expect(stderr).toBe(
        `pulumi-resource-wasm needs Node.js 22 or newer on PATH, and found ${found}. Install it from https://nodejs.org.\n`,
      );
    },
  );
});

test("what is shipped runs in another place, with no packages around it", { timeout: 60_000 }, async () => {
  const shipped = join(folder, "shipped");
  await cp(fileURLToPath(new URL("../../dist", import.meta.url)), shipped, { recursive: true });

  const child = spawn(process.execPath, [join(shipped, "main.js")], { cwd: folder });
  const [port] = await once(createInterface(child.stdout), "line");
  child.kill("SIGKILL");
  expect(Number(port)).toBeGreaterThan(0);

  const path = fileURLToPath(new URL("../../examples/quickstart/module/quickstart.wasm", import.meta.url));
  const request: InspectRequest = { path, digest: digestOf(await readFile(path)) };
  const parser = fork(join(shipped, "inspector.js"));
  parser.send(request);
  const [reply] = (await once(parser, "message")) as [InspectReply];
  parser.disconnect();
  expect(reply).toMatchObject({ inspection: { kind: "component" } });
});

async function install(repositoryNode: string | undefined): Promise<void> {
  await writeFile(plugin, launcher(repositoryNode));
  await chmod(plugin, 0o755);
}

/** A program that prints a line, whatever it is asked. */
async function fakeNode(path: string, line: string): Promise<string> {
  const file = join(folder, path);
  await mkdir(dirname(file), { recursive: true });
  await writeFile(file, `#!/bin/sh\necho ${line}\n`);
  await chmod(file, 0o755);
  return file;
}

/** Runs a program with these folders alone on PATH. */
function start(program: string, args: string[], ...path: string[]) {
  const env = { PATH: path.join(delimiter) };
  const { status, stdout, stderr } = spawnSync(program, args, { env, encoding: "utf8" });
  return { code: status, stdout, stderr };
}
