import { describe, expect, test } from "vitest";
import { grantOf } from "../../provider/capabilities/grant.ts";
import { grantFields } from "../../provider/capabilities/grantFields.ts";
import { noRules } from "../../provider/capabilities/lattice.ts";
import { buildReport } from "../../provider/capabilities/report.ts";
import {
  artifactVerdict,
  type KubernetesEnforcement,
  kubernetesEnforcement,
} from "../../provider/targets/kubernetes/enforcement.ts";
import {
  lossLines,
  type Run,
  type RuntimeName,
  runtimeNames,
  runtimes,
} from "../../provider/targets/kubernetes/runtimes.ts";
import { worldProblem } from "../../provider/targets/kubernetes/world.ts";

const handler = "wasi:http/incoming-handler@0.2.3";
const command = "wasi:cli/run@0.2.3";

function component(exports: string[], imports: string[] = ["wasi:io/streams@0.2.3"]) {
  return { kind: "component" as const, exports, imports };
}

const core = { kind: "core" as const, exports: ["_start"], imports: ["wasi_snapshot_preview1#fd_write"] };

describe("what a runtime runs", () => {
  test.each([
    ["wasmtime", "service", component([handler], ["wasi:http/outgoing-handler@0.2.3"])],
    ["wasmtime", "job", component([command], ["wasi:sockets/tcp@0.2.0", "wasi:filesystem/types@0.2.0"])],
    ["wasmtime", "job", core],
    ["spin", "service", component([handler])],
    ["wasmer", "job", core],
    ["wasmedge", "job", core],
    ["wamr", "job", core],
  ] as const)("%s, as a %s", (runtime, run, artifact) => {
    expect(worldProblem(artifact, run, runtime)).toBeUndefined();
  });

  test.each<[string, Parameters<typeof worldProblem>[0], Run, RuntimeName, RegExp]>([
    [
      "a component on a runtime of core modules",
      component([command]),
      "job",
      "wamr",
      /is a component.*could: wasmtime$/,
    ],
    [
      "an HTTP guest as a job",
      component([handler]),
      "job",
      "wasmtime",
      /but an HTTP handler: leave out `run`/,
    ],
    [
      "a command as a service",
      component([command]),
      "service",
      "wasmtime",
      /but a command: set `run: "job"`/,
    ],
    ["a command on Spin", component([command]), "job", "spin", /runs no commands.*could: wasmtime$/],
    [
      "a core module as a service",
      core,
      "service",
      "wasmtime",
      /is a core module, and those run as commands/,
    ],
    ["a service on a runtime of commands", core, "service", "wasmer", /serves no HTTP/],
    [
      "a library of a core module",
      { ...core, exports: ["_initialize"] },
      "job",
      "wasmtime",
      /without `_start`/,
    ],
    [
      "a library",
      component(["acme:a/b@1.0.0"]),
      "service",
      "wasmtime",
      /exports acme:a\/b@1.0.0, but no wasi:http/,
    ],
    ["WASI 0.3", component(["wasi:http/handler@0.3.0"]), "service", "wasmtime", /WASI 0\.3/],
    [
      "HTTP of a command",
      component([command], ["wasi:http/outgoing-handler@0.2.3"]),
      "job",
      "wasmtime",
      /imports wasi:http\/outgoing-handler@0.2.3, which Wasmtime does not give to commands/,
    ],
    [
      "an interface beyond WASI",
      component([handler], ["kv: wasi:keyvalue/store@0.2.0-draft"]),
      "service",
      "wasmtime",
      /does not give to services/,
    ],
    ["another import of a core module", { ...core, imports: ["env#log"] }, "job", "wamr", /imports env#log/],
  ])("not %s", (_, artifact, run, runtime, message) => {
    expect(worldProblem(artifact, run, runtime)).toMatch(message);
  });

  test("not what two worlds claim, for the shim takes whichever stands first in the bytes", () => {
    expect(worldProblem(component([command, handler]), "service", "wasmtime")).toMatch(/exports both/);
  });
});

test("what a runtime loses is said, and the output of HTTP guests is among it", () => {
  expect(lossLines("wasmtime", "service").join("\n")).toMatch(
    /drops what the guest prints[\s\S]*no time limit/,
  );
  for (const name of runtimeNames) {
    for (const run of Object.keys(runtimes[name].starts) as Run[]) {
      expect(lossLines(name, run).length).toBeGreaterThan(0);
    }
  }
});

const everything = {
  http: ["https://api.example.com"],
  sockets: [{ host: "192.0.2.7", protocol: "tcp", ports: ["5432"] }],
  nameLookup: ["db.example.com"],
  filesystem: [{ path: "/data", access: "read", volume: "v" }],
  environment: ["KEY"],
  config: ["key"],
  keyValue: ["store"],
  blobs: ["files"],
  messaging: ["orders"],
  sql: ["shop"],
  calls: ["auth"],
  interfaces: ["acme:ai/model@1.0.0"],
};

function verdicts(grant: object, target: Partial<KubernetesEnforcement> = {}) {
  const { entries } = buildReport({
    modules: [{ name: "api", grants: [grantOf("g", grantFields.parse(grant))] }],
    target: kubernetesEnforcement({
      runtime: "wasmtime",
      run: "service",
      networkPolicy: "enforced",
      modules: [],
      ...target,
    }),
    artifact: (family) => artifactVerdict(target.runtime ?? "wasmtime", family),
  });
  return Object.fromEntries(entries.map(({ family, target: verdict }) => [family, verdict]));
}

describe("verdicts", () => {
  const unavailable = Object.fromEntries(Object.keys(everything).map((family) => [family, "unavailable"]));

  test.each([
    ["wasmtime", "service", "enforced", { http: "looser", environment: "looser", calls: "exact" }],
    ["wasmtime", "service", "unknown", { http: "none", environment: "looser", calls: "none" }],
    [
      "wasmtime",
      "job",
      "enforced",
      { sockets: "exact", nameLookup: "none", filesystem: "looser", environment: "looser" },
    ],
    [
      "wasmtime",
      "job",
      "unknown",
      { sockets: "none", nameLookup: "none", filesystem: "looser", environment: "looser" },
    ],
    ["spin", "service", "enforced", {}],
    ["wasmer", "job", "enforced", { filesystem: "looser", environment: "looser" }],
    ["wasmedge", "job", "enforced", { filesystem: "looser", environment: "looser" }],
    ["wamr", "job", "enforced", { filesystem: "looser", environment: "looser" }],
  ] as const)("of %s, as a %s, where policies are %s", (runtime, run, networkPolicy, delivered) => {
    expect(verdicts(everything, { runtime, run, networkPolicy })).toEqual({ ...unavailable, ...delivered });
  });

  test.each([
    ["https://192.0.2.7:8443", "exact"],
    ["https://[2001:db8::7]", "exact"],
    ["http://10.0.0.5", "exact"],
    ["https://*.example.com", "looser"],
    ["https://vault.corp.internal", "looser"],
    ["http://auth", "looser"],
    ["http://localhost:9000", "none"],
    ["http://127.0.0.1:9000", "none"],
  ])("of %s where policies are enforced: %s", (origin, verdict) => {
    expect(verdicts({ http: [origin] })).toEqual({ http: verdict });
    expect(verdicts({ http: [origin] }, { networkPolicy: "unknown" })).toEqual({ http: "none" });
  });

  test("of a network with special ones in it is stricter, for these are excepted", () => {
    const sockets = (host: string) => ({ sockets: [{ host, protocol: "tcp", ports: ["80"] }] });
    expect(verdicts(sockets("128.0.0.0/1"), { run: "job" })).toEqual({ sockets: "stricter" });
    expect(verdicts(sockets("10.0.0.0/8"), { run: "job" })).toEqual({ sockets: "exact" });
    expect(verdicts(sockets("db.example.com"), { run: "job" })).toEqual({ sockets: "looser" });
  });

  test("of an address are looser where a neighbour in the pod could use it", () => {
    const modules = [
      { name: "api", imports: [], rules: noRules() },
      { name: "other", imports: ["wasi:http/outgoing-handler@0.2.3"], rules: noRules() },
    ];
    expect(verdicts({ http: ["https://192.0.2.7"] }, { modules })).toEqual({ http: "looser" });
    expect(verdicts({ http: ["https://192.0.2.7"] }, { modules: modules.slice(0, 1) })).toEqual({
      http: "exact",
    });
  });
});

test("what a core module keeps open needs acceptRisk, and what a component does not", () => {
  const grant = grantOf("g", grantFields.parse({ environment: ["KEY"] }));
  const errors = (runtime: "wasmtime" | "wamr") =>
    buildReport({
      modules: [{ name: "main", grants: [grant] }],
      target: kubernetesEnforcement({ runtime, run: "job", networkPolicy: "enforced", modules: [] }),
      artifact: (family) => artifactVerdict(runtime, family),
    }).errors;
  expect(errors("wasmtime")).toEqual([]);
  expect(errors("wamr")).toEqual([
    expect.stringContaining(
      'acceptRisk: [{ module: "main", entry: "environment KEY: looser", reason: "…" }]',
    ),
  ]);
});
