import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { moduleArtifact } from "../../provider/artifacts/artifact.ts";
import { noRules } from "../../provider/capabilities/lattice.ts";
import { encodeRules } from "../../provider/capabilities/rules.ts";
import { unknown } from "../../provider/schema/fields.ts";
import { type Properties, Secret } from "../../provider/values.ts";
import { detailOf, TestEngine } from "./harness.ts";
import { guestDigest, guestFile } from "./samples.ts";

const type = "wasm:local:Server";

let engine: TestEngine;
let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "wasm-server-"));
  vi.stubEnv("PULUMI_WASM_STATE", join(folder, "state"));
  engine = await TestEngine.attach({ cacheDirectory: join(folder, "cache") });
  for (const name of ["echo", "command"])
    await engine.invoke("wasm:index:inspect", { file: guestFile(name) });
});
afterAll(async () => {
  engine.close();
  vi.unstubAllEnvs();
  await rm(folder, { recursive: true, force: true });
});

const rules = encodeRules({ ...noRules(), environment: ["GREETING", "EXIT_CODE"] });

function server(name: "echo" | "command", more: Properties = {}): Properties {
  return { artifact: { ...moduleArtifact(guestDigest(name), "component") }, rules, ...more };
}

async function checked(inputs: Properties): Promise<Properties> {
  const { inputs: complete, failures } = await engine.check(type, inputs);
  expect(failures).toEqual([]);
  return complete;
}

const answer = async (url: unknown, path: string) => (await fetch(`${String(url)}${path}`)).text();

describe(type, () => {
  it("previews what is known before anything runs", async () => {
    const inputs = await checked(server("echo", { port: 18080 }));
    const { outputs } = await engine.create(type, inputs, { preview: true });
    expect(outputs).toMatchObject({
      running: true,
      url: "http://127.0.0.1:18080",
      logFile: unknown,
      process: unknown,
    });
  });

  it("starts, keeps its address over an update, and ends", async () => {
    const first = await checked(server("echo", { environment: { GREETING: new Secret("hello") } }));
    const created = await engine.create(type, first);
    expect(await answer(created.outputs.url, "/env")).toBe("GREETING=hello\n");
    const second = await checked(server("echo", { environment: { GREETING: new Secret("bye") } }));
    const previewed = await engine.update(type, created, second, { preview: true });
    expect(previewed.outputs.url).toBe(created.outputs.url);
    const updated = await engine.update(type, created, second);
    expect(updated.outputs.url).toBe(created.outputs.url);
    expect(await answer(updated.outputs.url, "/env")).toBe("GREETING=bye\n");
    expect((await engine.read(type, updated)).outputs.running).toBe(true);
    await engine.delete(type, updated);
    await expect(fetch(String(updated.outputs.url))).rejects.toThrow();
    expect((await engine.read(type, updated)).outputs.running).toBe(false);
    await expect(engine.delete(type, updated)).resolves.toBeUndefined();
  });

  it("stops when it shall not run, and starts when it shall", async () => {
    const stopped = await checked(server("echo", { start: false }));
    const created = await engine.create(type, stopped);
    expect(created.outputs.running).toBe(false);
    const started = await engine.update(type, created, await checked(server("echo")));
    expect(await answer(started.outputs.url, "/count")).toBe("1\n");
    const ended = await engine.update(type, started, stopped);
    expect(ended.outputs).not.toHaveProperty("url");
    await expect(fetch(String(started.outputs.url))).rejects.toThrow();
    await engine.delete(type, ended);
  });

  it("runs a job once, and keeps one that failed with its log", async () => {
    const good = await engine.create(type, await checked(server("command", { run: "job" })));
    expect(good.outputs).toMatchObject({ running: false, exitCode: 0 });
    await engine.delete(type, good);
    const inputs = await checked(server("command", { run: "job", environment: { EXIT_CODE: "3" } }));
    const error = await engine.create(type, inputs).catch((failure) => failure);
    const failed = detailOf(error).initFailed;
    expect(failed?.getReasonsList()[0]).toMatch(/^The job ended with exit code 1\. The last lines of /);
    const outputs = failed?.getProperties()?.toJavaScript() as Properties;
    expect(outputs).toMatchObject({ exitCode: 1, logFile: expect.any(String) });
    await engine.delete(type, { id: failed?.getId() ?? "", inputs, outputs });
  });

  it("lets a server on another machine alone, and says where it is", async () => {
    const inputs = await checked(server("echo"));
    const created = await engine.create(type, inputs);
    const process = {
      ...(created.outputs.process as Properties),
      machineId: "another",
      hostName: "laptop-7",
    };
    const elsewhere = { ...created, outputs: { ...created.outputs, process } };
    expect((await engine.read(type, elsewhere)).outputs).toEqual(elsewhere.outputs);
    const refused = { details: expect.stringContaining("This server was started on laptop-7") };
    await expect(engine.delete(type, elsewhere)).rejects.toMatchObject(refused);
    await expect(engine.update(type, elsewhere, inputs)).rejects.toMatchObject(refused);
    const forgetful = { ...elsewhere, inputs: { ...inputs, forget: true } };
    await expect(engine.delete(type, forgetful)).resolves.toBeUndefined();
    expect(await answer(created.outputs.url, "/count")).toBe("1\n");
    await engine.delete(type, created);
  });

  it("cannot be imported: nothing tells what it was started with", async () => {
    await expect(engine.read(type, { id: "abc" })).rejects.toMatchObject({ code: 12 });
  });

  it("stops starting when the custom timeout has passed, and leaves nothing", async () => {
    const inputs = await checked(server("echo"));
    await expect(engine.create(type, inputs, { timeout: 0.1 })).rejects.toMatchObject({ code: 4 });
    expect(await readdir(join(folder, "state", "local"))).toEqual([]);
  });
});
