/** What an Admission says, in Check, of an artifact, grants and bindings that do not fit: input → message. */
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { status } from "@grpc/grpc-js";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { moduleArtifact } from "../../provider/artifacts/artifact.ts";
import { digestOf } from "../../provider/artifacts/digest.ts";
import { encodeGrant, grantOf } from "../../provider/capabilities/grant.ts";
import { encodeTarget } from "../../provider/targets/target.ts";
import { OutputValue, type Properties, Secret } from "../../provider/values.ts";
import { binary, component } from "../unit/inspectComponents.ts";
import { TestEngine } from "./harness.ts";
import { guestDigest, guestFile } from "./samples.ts";

const type = "wasm:index:Admission";
type Grant = Parameters<typeof grantOf>[1];
const grant = (inputs: Grant) => encodeGrant(grantOf("stripe", inputs));
const guestArtifact = (name: Parameters<typeof guestDigest>[0]) => ({
  ...moduleArtifact(guestDigest(name), "component"),
});

let engine: TestEngine;
let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "wasm-bad-admission-"));
  engine = await TestEngine.attach({ cacheDirectory: join(folder, "cache") });
  for (const name of ["client", "command", "config", "echo", "files", "needs-kv", "plain"]) {
    await engine.invoke("wasm:index:inspect", { file: guestFile(name) });
  }
});
afterAll(async () => {
  engine.close();
  await rm(folder, { recursive: true, force: true });
});

async function check(inputs: Properties) {
  const target = encodeTarget({ kind: "local" });
  return (await engine.check(type, { target, ...inputs })).failures;
}

/** An artifact whose bytes the store knows, as after a Module. */
async function artifactOf(bytes: Uint8Array, kind: "component" | "core"): Promise<Properties> {
  const file = join(folder, "module.wasm");
  await writeFile(file, bytes);
  await engine.invoke("wasm:index:inspect", { file });
  return { ...moduleArtifact(digestOf(bytes), kind) };
}

const wasi03 = () =>
  component(`package test:it; world w { export wasi:http/handler@0.3.0; }
    package wasi:http@0.3.0 { interface handler { handle: func(); } }`);

describe("an artifact that the target cannot run", () => {
  const artifacts: [input: string, inputs: () => Promise<Properties>, message: RegExp][] = [
    ["neither handler nor command", async () => ({ artifact: guestArtifact("plain") }), /^exports acme:math\/add@0\.1\.0, but no wasi:http\/incoming-handler@0\.2\.x \(an HTTP handler\): it is a library/],
    ["a library as a job", async () => ({ artifact: guestArtifact("plain"), run: "job" }), /but no wasi:cli\/run@0\.2\.x \(a command\)/],
    ["a command as a service", async () => ({ artifact: guestArtifact("command") }), /^has no HTTP handler, but a command: set `run: "job"` to run it once$/],
    ["a handler as a job", async () => ({ artifact: guestArtifact("echo"), run: "job" }), /^has no command, but an HTTP handler: leave out `run: "job"` to serve it$/],
    ["WASI 0.3 only", async () => ({ artifact: await artifactOf(await wasi03(), "component") }), /^is a component of WASI 0\.3 \(wasi:http\/handler@0\.3\.0\), and the local target serves WASI 0\.2/],
    ["a core module", async () => ({ artifact: await artifactOf(await binary("(module)"), "core") }), /^is a core module, and its exports do not say whether it is a program \(`_start`\) or a library/],
    ["a Composition of a composer that sealed nothing", async () => ({ artifact: unsealed(guestArtifact("echo")) }), /^was made by composer 0\.1\.0, which seals no grants\. Run `pulumi up` of the Composition that it comes from/],
  ]; // biome-ignore format: a table

  it.each(artifacts)("%s", async (_input, inputs, message) => {
    const failures = await check(await inputs());
    expect(failures.filter(({ property }) => property === "artifact")).toEqual([
      { property: "artifact", reason: expect.stringMatching(message) },
    ]);
  });
});

/** What a composer has made of a module before there were seals. */
function unsealed({ digest }: Properties): Properties {
  const recipe = JSON.stringify({ composer: "0.1.0", modules: { api: digest } });
  return { digest: digest as string, kind: "component", recipe };
}

it("bytes that this machine never saw are told where they are needed, not where nothing changes", async () => {
  const artifact = { ...moduleArtifact(digestOf(new Uint8Array(1)), "component") };
  expect(await check({ artifact })).toEqual([]);
  const inputs = { artifact, target: encodeTarget({ kind: "local" }) };
  await expect(engine.create(type, inputs, { preview: true })).rejects.toThrow(
    /artifact: The bytes of sha256:[0-9a-f]{64} are not in this machine's cache\. Run with the Module/,
  );
});

describe("grants that do not fit", () => {
  const grants: [input: string, inputs: Properties, path: string, message: RegExp][] = [
    ["an import that nothing covers", { artifact: guestArtifact("client") }, "grants", /^module main imports wasi:http\/outgoing-handler@0\.2\.\d, and no grant covers it\. Grant what it may reach, for example http: \[/],
    ["a store that the target does not have", { artifact: guestArtifact("needs-kv"), grants: [grant({ keyValue: ["visits"], interfaces: ["acme:auth/check@1.2.0"] })] }, "grants", /keyValue visits.*no key-value stores yet/s],
    ["a grant by hand", { artifact: guestArtifact("echo"), grants: ["http://a.example.com"] }, "grants[0]", /^is not the `grant` output of a CapabilityGrant of this version$/],
    ["a target by hand", { artifact: guestArtifact("echo"), target: "local" }, "target", /^is not the `target` output of an EdgeTarget of this version$/],
    ["denied and granted", { artifact: guestArtifact("client"), grants: [grant({ http: ["https://a.example.com"] })], denied: ["wasi:http/outgoing-handler"] }, "grants", /^denied names wasi:http\/outgoing-handler.* of module main, but a grant opens it \(http\)/],
  ]; // biome-ignore format: a table

  it.each(grants)("%s", async (_input, inputs, path, message) => {
    const failures = await check(inputs);
    expect(failures).toContainEqual({ property: path, reason: expect.stringMatching(message) });
    expect(failures.map(({ property }) => property)).toEqual(failures.map(() => path));
  });

  it("of which one entry is secret do not tell it", async () => {
    const secret = grant({ keyValue: ["hidden7"], interfaces: ["acme:auth/check@1.2.0"] });
    const artifact = guestArtifact("needs-kv");
    for (const grants of [[new Secret(secret)], new Secret([secret]), [new OutputValue(secret, true, [])]]) {
      const failures = await check({ artifact, grants });
      expect(failures).not.toEqual([]);
      expect(JSON.stringify(failures)).not.toContain("hidden7");
    }
  });
});

it("says in Create, in full, what was not known in Check", async () => {
  const inputs = { artifact: guestArtifact("client"), target: encodeTarget({ kind: "local" }) };
  await expect(engine.create(type, inputs)).rejects.toMatchObject({
    code: status.INVALID_ARGUMENT,
    details: expect.stringMatching(/^grants: module main imports wasi:http\/outgoing-handler/),
  });
});

describe("bindings", () => {
  const read = (volume: string): Grant => ({ filesystem: [{ path: "/data", access: "read", volume }] });
  const bound = (main: Properties, ...grants: Grant[]): Properties => ({
    artifact: guestArtifact("files"),
    grants: [grant(read("catalog")), ...grants.map(grant)],
    bindings: { main: { volumes: ["catalog"], ...main } },
  });
  const bindings: [input: string, inputs: Properties, path: string, message: string][] = [
    ["an environment key that no grant names", bound({ environment: ["TOKEN"] }), "bindings.main.environment.TOKEN", 'no grant names it: add environment: ["TOKEN"] to a CapabilityGrant of this App, or remove the binding'],
    ["a configuration key that no grant names", bound({ config: ["cache.size"] }), 'bindings.main.config["cache.size"]', 'no grant names it: add config: ["cache.size"] to a CapabilityGrant of this App, or remove the binding'],
    ["a volume that no grant names", bound({ volumes: ["catalog", "more"] }), "bindings.main.volumes.more", 'no grant names it: add filesystem: [{ path: "/data", access: "read", volume: "more" }] to a CapabilityGrant of this App, or remove the binding'],
    ["a granted environment key without a value", bound({}, { environment: ["TOKEN"] }), "bindings.main.environment.TOKEN", "is granted, but bound to no value: give it one, or take it out of the grant"],
    ["a granted configuration key without a value", bound({}, { config: ["color"] }), "bindings.main.config.color", "is granted, but bound to no value: give it one, or take it out of the grant"],
    ["a granted volume without a place", bound({ volumes: [] }), "bindings.main.volumes.catalog", 'is granted, but bound to nothing: give it a place, such as { folder: "./data" }, or take it out of the grant'],
    ["a module that there is not", { ...bound({}), bindings: { main: { volumes: ["catalog"] }, api: {} } }, "bindings.api", "there is no module of this name: an App of a single Module calls it main"],
  ]; // biome-ignore format: a table

  it.each(bindings)("%s", async (_input, inputs, property, reason) => {
    expect(await check(inputs)).toEqual([{ property, reason }]);
  });

  it("says all of it at once", async () => {
    const inputs = bound({ volumes: ["other"], environment: ["A"] }, { config: ["color"] });
    expect((await check(inputs)).map(({ property }) => property).sort()).toEqual([
      "bindings.main.config.color",
      "bindings.main.environment.A",
      "bindings.main.volumes.catalog",
      "bindings.main.volumes.other",
    ]);
  });
});
