import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import providerPb from "@pulumi/pulumi/proto/provider_pb.js";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { moduleArtifact } from "../../provider/artifacts/artifact.ts";
import { encodeGrant, grantOf } from "../../provider/capabilities/grant.ts";
import type { GrantInputs } from "../../provider/capabilities/grantFields.ts";
import { decodeRules } from "../../provider/capabilities/rules.ts";
import { unknown } from "../../provider/schema/fields.ts";
import { encodeTarget } from "../../provider/targets/target.ts";
import type { Properties } from "../../provider/values.ts";
import { TestEngine } from "./harness.ts";
import { guestDigest, guestFile } from "./samples.ts";

const type = "wasm:index:Admission";
const { DIFF_NONE, DIFF_SOME } = providerPb.DiffResponse.DiffChanges;

let engine: TestEngine;
let cacheDirectory: string;
beforeAll(async () => {
  cacheDirectory = await mkdtemp(join(tmpdir(), "wasm-admission-"));
  engine = await TestEngine.attach({ cacheDirectory });
  for (const name of ["client", "echo", "command", "plain", "needs-kv"]) {
    await engine.invoke("wasm:index:inspect", { file: guestFile(name) });
  }
});
afterAll(async () => {
  engine.close();
  await rm(cacheDirectory, { recursive: true, force: true });
});

const grant = (name: string, inputs: GrantInputs) => encodeGrant(grantOf(name, inputs));
const web = grant("web", { http: ["https://api.example.com"] });

function admission(name: Parameters<typeof guestDigest>[0], more: Properties = {}): Properties {
  const artifact = { ...moduleArtifact(guestDigest(name), "component") };
  return { artifact, target: encodeTarget({ kind: "local" }), ...more };
}

async function reasons(inputs: Properties): Promise<string[]> {
  const { failures } = await engine.check(type, inputs);
  return failures.map(({ property, reason }) => `${property}: ${reason}`);
}

describe(type, () => {
  it("admits what is covered, and says what each entry is worth", async () => {
    const inputs = admission("client", { grants: [web] });
    expect(await reasons(inputs)).toEqual([]);
    const { outputs } = await engine.create(type, inputs, { preview: true });
    expect(outputs.entries).toMatchObject([
      {
        module: "main",
        family: "http",
        entry: "https://api.example.com",
        grant: "web",
        artifact: "exact",
        target: "exact",
      },
    ]);
    expect(String(outputs.report)).toMatch(
      /^module +grant +may +artifact +target +note\nmain +web +http https:\/\/api/,
    );
    expect(decodeRules(outputs.rules as string).http).toEqual([
      { scheme: "https", host: "api.example.com", port: 443 },
    ]);
  });

  it("names what the language brings in and stays denied, in one line", async () => {
    const { outputs } = await engine.create(type, admission("client", { grants: [web] }));
    const [summary] = String(outputs.report).split("\n").slice(-1);
    expect(summary).toMatch(/^module main: denied, and asked for by Rust itself: wasi:cli\/environment@/);
  });

  it("refuses an import that nothing covers, with the line to paste", async () => {
    const [problem] = await reasons(admission("client"));
    expect(problem).toMatch(
      /^grants: module main imports wasi:http\/outgoing-handler@0\.2\.\d+, and no grant covers it\./,
    );
    expect(problem).toContain('http: ["https://api.example.com"]');
    expect(problem).toContain('denied: ["wasi:http/outgoing-handler"]');
  });

  it("lets an import be denied", async () => {
    expect(await reasons(admission("client", { denied: ["wasi:http/outgoing-handler"] }))).toEqual([]);
  });

  it("refuses what the target cannot deliver", async () => {
    const grants = [grant("data", { keyValue: ["visits"], interfaces: ["acme:auth/check@1.2.0"] })];
    expect(await reasons(admission("needs-kv", { grants }))).toEqual([
      expect.stringMatching(
        /^grants: the local target cannot deliver keyValue visits \(module main, grant data\)/,
      ),
      expect.stringMatching(/^grants: the local target cannot deliver interfaces acme:auth\/check@1\.2\.0/),
    ]);
  });

  it.each([
    ["plain", "service", /^artifact: exports acme:math\/add@0\.1\.0, but no wasi:http\/incoming-handler/],
    ["command", "service", /^artifact: has no HTTP handler, but a command: set `run: "job"`/],
    ["client", "job", /^artifact: has no command, but an HTTP handler: leave out `run: "job"`/],
  ] as const)("refuses %s as a %s", async (name, run, message) => {
    const grants = name === "client" ? [web] : [];
    const denied = name === "command" ? ["wasi:filesystem/types", "wasi:filesystem/preopens"] : [];
    expect(await reasons(admission(name, { run, grants, denied }))).toContainEqual(
      expect.stringMatching(message),
    );
  });

  it("holds bindings and grants against each other, name by name", async () => {
    const grants = [
      grant("env", { environment: ["A"], filesystem: [{ path: "/d", access: "read", volume: "v" }] }),
    ];
    const bindings = { main: { environment: ["B"] }, other: {} };
    const problems = await reasons(admission("echo", { grants, bindings }));
    expect(problems.map((problem) => problem.split(": ", 1)[0])).toEqual([
      "bindings.other",
      "bindings.main.environment.B",
      "bindings.main.environment.A",
      "bindings.main.volumes.v",
    ]);
    expect(problems[1]).toContain('add environment: ["B"] to a CapabilityGrant of this App');
  });

  it("holds nothing against what is not known yet", async () => {
    const partly = grant("partly", { environment: ["A", unknown] });
    const bindings = { main: { environment: ["A", "B"] } };
    expect(await reasons(admission("client", { grants: [unknown, partly], bindings }))).toEqual([]);
    const inputs = admission("client", { grants: [partly, web], bindings });
    const { outputs } = await engine.create(type, inputs, { preview: true });
    expect(outputs).toEqual({ report: unknown, entries: unknown, rules: unknown });
  });

  it("says that a string comes from no grant and no target of this package", async () => {
    expect(await reasons(admission("echo", { grants: ["stripe"], target: "laptop" }))).toEqual([
      "target: is not the `target` output of an EdgeTarget of this version",
      "grants[0]: is not the `grant` output of a CapabilityGrant of this version",
    ]);
  });

  it("does not differ for other bytes that need and may do the same", async () => {
    const old = await engine.create(type, admission("echo"));
    const grown = admission("echo", {
      grants: [grant("env", { environment: ["A"] })],
      bindings: { main: { environment: ["A"] } },
    });
    expect((await engine.diff(type, old, grown)).changes).toBe(DIFF_SOME);
    const changed = {
      ...old,
      inputs: { ...old.inputs, artifact: { ...moduleArtifact(guestDigest("files"), "component") } },
    };
    expect((await engine.diff(type, changed, admission("echo"))).changes).toBe(DIFF_NONE);
  });

  it("fails in create in the same words where preview could not see it", async () => {
    await expect(engine.create(type, admission("client"))).rejects.toMatchObject({ code: 3 });
  });
});
