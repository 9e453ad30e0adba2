/** A machine that is not as a stack needs it: a port in use, a cache without room, another stack at once, another machine. */
import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdir, readdir, stat } from "node:fs/promises";
import { type AddressInfo, createServer } from "node:net";
import { hostname } from "node:os";
import { join } from "node:path";
import { expect, it } from "vitest";
import { processesOf } from "./processes.ts";
import { changed, type EngineFailure, guest, Workspace } from "./workspace.ts";

const file = guest("echo");

const program = (local: Record<string, unknown> = {}) => ({
  resources: {
    api: { type: "wasm:Module", properties: { file: { "fn::fileAsset": file } } },
    edge: { type: "wasm:EdgeTarget", properties: { local: {} } },
    app: {
      type: "wasm:App",
      // biome-ignore lint/suspicious/noTemplateCurlyInString: YAML programs refer to resources so
      properties: { artifact: "${api.artifact}", target: "${edge.target}", local },
    },
  },
  // biome-ignore lint/suspicious/noTemplateCurlyInString: as above
  outputs: { url: "${app.url}" },
});

async function failureOf(run: Promise<unknown>): Promise<string> {
  return await run.then(
    () => "It succeeded.",
    ({ outcome }: EngineFailure) => outcome.messages.join("\n"),
  );
}

async function answer(workspace: Workspace): Promise<string> {
  const { url } = await workspace.outputs();
  return await (await fetch(`${String(url)}/path`)).text();
}

async function expectNoServer(workspace: Workspace): Promise<void> {
  await expect.poll(() => processesOf(workspace), { timeout: 30_000 }).toEqual([]);
  const local = join(workspace.folder, "state", "local");
  expect(existsSync(local) ? await readdir(local) : []).toEqual([]);
}

it("a port in use is named, at its property, and nothing is left behind", async () => {
  await using workspace = await Workspace.create();
  const other = createServer();
  await new Promise<void>((resolve) => other.listen(0, "127.0.0.1", resolve));
  const { port } = other.address() as AddressInfo;
  await workspace.write(program({ port }));
  expect(await failureOf(workspace.up())).toContain(
    `port: Port ${port} of 127.0.0.1 is in use by another process. Set \`port\` to a free one`,
  );
  await expectNoServer(workspace);
  await new Promise((resolve) => other.close(resolve));
  await workspace.up();
  expect((await workspace.outputs()).url).toBe(`http://127.0.0.1:${port}`);
  expect(await answer(workspace)).toMatch(/^GET \/path/);
});

/** A file system of its own; undefined where this user may not mount one. */
async function mounted(folder: string, options: string): Promise<Disposable | undefined> {
  await mkdir(folder, { recursive: true });
  try {
    execFileSync("mount", ["-t", "tmpfs", "-o", options, "tmpfs", folder], { stdio: "ignore" });
  } catch {
    return undefined;
  }
  return { [Symbol.dispose]: () => execFileSync("umount", [folder]) };
}

const { size } = await stat(file);
const caches: [cache: string, options: string, message: RegExp][] = [
  ["full before the module is in it", "size=64k", /The disk of the cache folder \/.*\/cache is full \(ENOSPC\)\. Free some space, or set PULUMI_WASM_CACHE/],
  ["full before the module is compiled", `size=${size + 100_000}`, /ENOSPC|no space left/],
  // Where the file system is read-only, Node says ENOENT of folders that it cannot make.
  ["read-only", "ro,size=1m", /The cache folder \/.*\/cache cannot be used \((EROFS|ENOENT)\)\. Correct it, or set PULUMI_WASM_CACHE/],
]; // biome-ignore format: a table

it.for(caches)(
  "a cache that is %s is named, and nothing is left behind",
  async ([, options, message], { skip }) => {
    await using workspace = await Workspace.create();
    await workspace.write(program());
    {
      using disk = await mounted(join(workspace.folder, "cache"), options);
      if (!disk) return skip("this user may not mount a file system");
      const said = await failureOf(workspace.up());
      expect(said).toMatch(message);
      expect(said).not.toContain("defect");
      await expectNoServer(workspace);
    }
    await workspace.up();
    expect(await answer(workspace)).toMatch(/^GET \/path/);
  },
);

it("two stacks come up at once on one cold cache, with the same module", async () => {
  await using one = await Workspace.create();
  await using two = await Workspace.create();
  two.environment.PULUMI_WASM_CACHE = one.environment.PULUMI_WASM_CACHE as string;
  for (const workspace of [one, two]) await workspace.write(program());
  await Promise.all([one.up(), two.up()]);
  expect(await Promise.all([one, two].map(answer))).toEqual([
    expect.stringMatching(/^GET \/path/),
    expect.stringMatching(/^GET \/path/),
  ]);
  const compiled = join(one.folder, "cache", "transpiled");
  expect(await readdir(compiled)).toHaveLength(1);
  expect(await readdir(join(one.folder, "cache", "tmp"))).toEqual([]);
  await Promise.all([one.destroy(), two.destroy()]);
  for (const workspace of [one, two]) await expectNoServer(workspace);
});

it("another machine's server is left alone until the program lets go of it", async () => {
  await using workspace = await Workspace.create();
  await workspace.write(program());
  await workspace.up();
  await moveServerTo(workspace, "a7".repeat(16), "far-away");
  const before = await serverOutputs(workspace);

  const refresh = await workspace.refresh();
  expect(refresh.messages.join("\n")).toContain(
    "Started on far-away: what became of it cannot be seen from this machine.",
  );
  expect(await serverOutputs(workspace)).toEqual(before);

  const refused = await failureOf(workspace.destroy());
  expect(refused).toContain("This server was started on far-away and can only be reached there.");
  expect(refused).toContain("local: { forget: true }");
  expect(await answer(workspace)).toMatch(/^GET \/path/);

  await workspace.write(program({ forget: true }));
  const outcome = await workspace.up();
  expect(changed(outcome).map(({ type }) => type)).toContain("wasm:local:Server");
  expect((await serverOutputs(workspace)).process).toMatchObject({ hostName: hostname() });
  await workspace.destroy();
  await expectNoServer(workspace);
});

interface ServerOutputs {
  process: Record<string, unknown>;
}

async function serverOutputs(workspace: Workspace): Promise<ServerOutputs> {
  const server = (await workspace.state()).find(({ type }) => type === "wasm:local:Server");
  return server?.outputs as unknown as ServerOutputs;
}

/** Makes the state one that was written elsewhere. */
async function moveServerTo(workspace: Workspace, machineId: string, hostName: string): Promise<void> {
  const stack = await workspace.stack();
  const exported = await stack.exportStack();
  const { resources } = exported.deployment as { resources: { type: string; outputs: ServerOutputs }[] };
  const server = resources.find(({ type }) => type === "wasm:local:Server");
  if (!server) throw new Error("There is no server in the state.");
  Object.assign(server.outputs.process, { machineId, hostName });
  await stack.importStack(exported);
}
