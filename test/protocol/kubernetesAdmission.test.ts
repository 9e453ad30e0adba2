/** What an Admission says, in Check, of what a cluster's runtime cannot run or does not enforce. */
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { moduleArtifact } from "../../provider/artifacts/artifact.ts";
import { digestOf } from "../../provider/artifacts/digest.ts";
import { encodeGrant, grantOf } from "../../provider/capabilities/grant.ts";
import { unknown } from "../../provider/schema/fields.ts";
import { encodeTarget, type Target } from "../../provider/targets/target.ts";
import type { Properties } from "../../provider/values.ts";
import { binary } from "../unit/inspectComponents.ts";
import { TestEngine } from "./harness.ts";
import { guestDigest, guestFile } from "./samples.ts";

const type = "wasm:index:Admission";

let engine: TestEngine;
let folder: string;
let core: Properties;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "wasm-kubernetes-admission-"));
  engine = await TestEngine.attach({ cacheDirectory: join(folder, "cache") });
  for (const name of ["echo", "command", "client"]) {
    await engine.invoke("wasm:index:inspect", { file: guestFile(name) });
  }
  const bytes = await binary(`(module
    (import "wasi_snapshot_preview1" "environ_get" (func (param i32 i32) (result i32)))
    (memory (export "memory") 1) (func (export "_start")))`);
  const file = join(folder, "core.wasm");
  await writeFile(file, bytes);
  await engine.invoke("wasm:index:inspect", { file });
  core = { ...moduleArtifact(digestOf(bytes), "core") };
});
afterAll(async () => {
  engine.close();
  await rm(folder, { recursive: true, force: true });
});

const component = (name: Parameters<typeof guestDigest>[0]): Properties => ({
  ...moduleArtifact(guestDigest(name), "component"),
});
const on = (runtime: NonNullable<Target["kubernetes"]>["runtime"]) =>
  encodeTarget({
    kind: "kubernetes",
    kubernetes: { runtime, runtimeClassName: "wasm" },
    registry: { push: "localhost:5000/acme" },
  });
const levels = encodeGrant(grantOf("levels", { environment: ["LEVEL"] }));

async function failuresOf(inputs: Properties) {
  return (await engine.check(type, inputs)).failures;
}

describe("what a runtime cannot run", () => {
  const denied = ["wasi:filesystem/preopens", "wasi:filesystem/types"];

  it.each<[what: string, inputs: () => Properties, message: string]>([
    [
      "a component where only core modules run, with the runtimes that could",
      () => ({ artifact: component("command"), target: on("wasmer"), run: "job", denied }),
      "is a component, and Wasmer runs core modules only. Runtimes that could: wasmtime",
    ],
    [
      "an HTTP guest where only core modules run",
      () => ({ artifact: component("echo"), target: on("wasmedge"), run: "service" }),
      "is a component, and WasmEdge runs core modules only. Runtimes that could: wasmtime, spin",
    ],
    [
      "an HTTP guest as a job",
      () => ({ artifact: component("echo"), target: on("wasmtime"), run: "job" }),
      "has no command, but an HTTP handler: leave out `run` to serve it. No runtime of this target could run it",
    ],
    [
      "a command where only HTTP is served",
      () => ({ artifact: component("command"), target: on("spin"), run: "job", denied }),
      "is to run as a job, and Spin runs no commands: it serves HTTP. Runtimes that could: wasmtime",
    ],
    [
      "a core module as a service",
      () => ({
        artifact: core,
        target: on("wamr"),
        run: "service",
        denied: ["wasi_snapshot_preview1#environ_get"],
      }),
      "is to run as a service, and WAMR serves no HTTP: it runs commands",
    ],
  ])("is %s", async (_what, inputs, message) => {
    const failures = await failuresOf(inputs());
    expect(failures).toEqual([{ property: "artifact", reason: expect.stringContaining(message) }]);
  });

  it("is not said while the runtime is not known", async () => {
    expect(await failuresOf({ artifact: component("echo"), target: on(unknown), run: "service" })).toEqual(
      [],
    );
  });
});

describe("a core module with an import that a grant opens as a whole", () => {
  const bindings = { main: { environment: ["LEVEL"] } };
  const inputs = () => ({ artifact: core, target: on("wasmer"), run: "job", grants: [levels], bindings });
  const risk = (entry: string) => [{ module: "main", entry, reason: "it reads no other variable" }];

  it("needs that to be accepted, by what is printed to paste", async () => {
    expect(await failuresOf(inputs())).toEqual([
      {
        property: "grants",
        reason: expect.stringMatching(
          /^nothing enforces environment LEVEL .*acceptRisk: \[\{ module: "main", entry: "environment LEVEL: looser", reason: "…" \}\]$/,
        ),
      },
    ]);
    expect(await failuresOf({ ...inputs(), acceptRisk: risk("environment LEVEL: looser") })).toEqual([]);
  });

  it("is not accepted by what was said of a better verdict", async () => {
    const failures = await failuresOf({ ...inputs(), acceptRisk: risk("environment LEVEL: exact") });
    expect(failures).toEqual([{ property: "grants", reason: expect.stringContaining("nothing enforces") }]);
  });
});

it("refuses what the runtime cannot deliver at all", async () => {
  const web = encodeGrant(grantOf("web", { http: ["https://api.example.com"] }));
  const failures = await failuresOf({
    artifact: component("client"),
    target: on("spin"),
    run: "service",
    grants: [web],
  });
  expect(failures).toEqual([
    {
      property: "grants",
      reason: expect.stringMatching(
        /^the kubernetes target cannot deliver http https:\/\/api.example.com .*choose another target\.$/,
      ),
    },
  ]);
});
