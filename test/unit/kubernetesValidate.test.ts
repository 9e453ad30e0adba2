import { describe, expect, test } from "vitest";
import * as z from "zod";
import { unknown } from "../../provider/schema/fields.ts";
import { parse } from "../../provider/schema/parse.ts";
import { kubernetesAppFields } from "../../provider/targets/kubernetes/appFields.ts";
import { scheduleProblem } from "../../provider/targets/kubernetes/schedule.ts";
import { kubernetesTargetFields } from "../../provider/targets/kubernetes/targetFields.ts";
import type { AppFields } from "../../provider/targets/kubernetes/validate/input.ts";
import { targetProblems } from "../../provider/targets/kubernetes/validate/target.ts";
import { validate } from "../../provider/targets/kubernetes/validate.ts";
import { rulesOf } from "./kubernetesApps.ts";

function findings(app: Partial<AppFields>, grant: object = {}, runtime: "wasmtime" | "spin" = "wasmtime") {
  if (typeof app.kubernetes === "object") kubernetesAppFields.parse(app.kubernetes);
  return validate({ app: { name: "shop", volumes: {}, ...app }, runtime, rules: rulesOf(grant) });
}

const problems = (...args: Parameters<typeof findings>) =>
  findings(...args).problems.map(({ path, message }) => `${path}: ${message}`);

const service = { kubernetes: { callers: [{ app: "web" }] } };

test("finds nothing wrong with an App that uses everything", () => {
  const kubernetes = {
    callers: [
      { app: "web", namespace: "front" },
      { namespace: "batch" },
      { cidr: "0.0.0.0/0" },
      { cidr: "192.0.2.7/32" },
    ],
    calls: { auth: { podPort: 8081 } },
    probes: { readiness: { path: "/ready" } },
    podDisruptionBudget: { maxUnavailable: "50%" },
    autoscaling: { minReplicas: 1, maxReplicas: 3, memory: 80 },
    ingress: { controllerNamespace: "ingress", tlsSecret: "tls" },
    sidecars: [{ name: "metrics", image: "m:1", ports: [9090] }],
  };
  const app = { hostname: "*.example.com", routes: ["/shop"], kubernetes };
  expect(findings(app, { calls: ["auth"], environment: ["KEY"] })).toEqual({ problems: [], warnings: [] });
  expect(findings(service)).toEqual({ problems: [], warnings: [] });
});

describe("refuses", () => {
  test.each<[string, Partial<AppFields>, RegExp]>([
    [
      "a name that is not DNS",
      { name: "myShop" },
      /^: the name "myShop" becomes the name of a Service.*example my-shop$/,
    ],
    ["a Service's name with a digit first", { name: "1shop" }, /with a letter first/],
    ["a name that is too long for a Service", { name: "a".repeat(64) }, /has 64 characters.*takes 63/],
    ["a name that is too long for a Job", { name: "a".repeat(55), run: "job" }, /takes 54/],
    [
      "a name that is too long for a CronJob",
      { name: "a".repeat(53), run: { schedule: "@daily" } },
      /takes 52/,
    ],
    [
      "replicas with an autoscaler",
      { replicas: 2, kubernetes: { autoscaling: { minReplicas: 1, maxReplicas: 2, cpu: 50 } } },
      /^replicas: is the autoscaler's/,
    ],
    [
      "an autoscaler that goes by nothing",
      { kubernetes: { autoscaling: { minReplicas: 1, maxReplicas: 2 } } },
      /has nothing to go by/,
    ],
    [
      "fewest above most",
      { kubernetes: { autoscaling: { minReplicas: 3, maxReplicas: 2, cpu: 1 } } },
      /^kubernetes.autoscaling.minReplicas: is 3, more than/,
    ],
    [
      "a budget of both",
      { kubernetes: { podDisruptionBudget: { minAvailable: 1, maxUnavailable: 1 } } },
      /exactly one/,
    ],
    [
      "the port of the App",
      { kubernetes: { sidecars: [{ name: "a", image: "a", ports: [8080] }] } },
      /^kubernetes.sidecars\[0\].ports\[0\]: is taken: the App itself has port 8080/,
    ],
    [
      "a port of two sidecars",
      {
        kubernetes: {
          sidecars: [
            { name: "a", image: "a", ports: [1] },
            { name: "b", image: "b", ports: [1] },
          ],
        },
      },
      /\[1\].ports\[0\]: is taken: the sidecar a has port 1/,
    ],
    [
      "the App's own container's name",
      { kubernetes: { sidecars: [{ name: "wasm", image: "a" }] } },
      /sidecars\[0\].name: is taken/,
    ],
    ["a bad schedule", { run: { schedule: "61 * * * *" } }, /^run.schedule: has "61" for its minute/],
    [
      "a service's words for a command",
      { run: "job", replicas: 2, kubernetes: { probes: {} } },
      /^replicas: is for services/,
    ],
    [
      "a command's words for a service",
      { kubernetes: { arguments: ["-v"] } },
      /^kubernetes.arguments: is for commands/,
    ],
    ["a caller that is nobody", { kubernetes: { callers: [{}] } }, /^kubernetes.callers\[0\]: names whom/],
    ["a caller that is two", { kubernetes: { callers: [{ app: "a", cidr: "192.0.2.0/24" }] } }, /in one way/],
    [
      "a network that is none",
      { kubernetes: { callers: [{ cidr: "192.0.2.1/24" }] } },
      /^kubernetes.callers\[0\].cidr: .*192.0.2.0\/24/,
    ],
    [
      "a door that the policy shuts",
      { kubernetes: { ingress: {} } },
      /^kubernetes.ingress.controllerNamespace: is missing/,
    ],
    [
      "TLS for no host",
      { kubernetes: { ingress: { tlsSecret: "t", controllerNamespace: "n" } } },
      /^hostname: is needed for TLS/,
    ],
    ["a host that is none", { hostname: "https://x", ...service }, /^hostname: is no host name/],
    ["a route that is no path", { routes: ["shop"], ...service }, /^routes\[0\]: is no path/],
    [
      "a callee that no grant names",
      { kubernetes: { calls: { pay: {} } } },
      /^kubernetes.calls.pay: no grant names it/,
    ],
    [
      "a folder of this machine",
      { volumes: { main: { v: { folder: "./x" } } } },
      /^bindings.main.volumes.v: has a folder, which a cluster has not/,
    ],
    ["two sources of a volume", { volumes: { main: { v: { claim: "a", empty: {} } } } }, /exactly one of/],
    [
      "a volume's name that is not DNS",
      { volumes: { main: { My_Data: { claim: "a" } } } },
      /^bindings.main.volumes.My_Data: is no name/,
    ],
  ])("%s", (_, app, message) => {
    expect(problems(app).join("\n")).toMatch(message);
  });

  test("what cannot be written to, where writing is granted", () => {
    const grant = { filesystem: [{ path: "/data", access: "write", volume: "v" }] };
    const app = (volume: object) => ({ run: "job" as const, volumes: { main: { v: volume } } });
    expect(problems(app({ secret: "s" }), grant)[0]).toMatch(/a Secret cannot be written to/);
    expect(problems(app({ claim: "c" }), grant)).toEqual([]);
  });

  test.each(["/", "/etc", "/proc/sys"])("a volume at %s", (path) => {
    const grant = { filesystem: [{ path, access: "read", volume: "v" }] };
    expect(problems({ run: "job", volumes: { main: { v: { claim: "c" } } } }, grant)[0]).toMatch(
      /grant another path/,
    );
  });

  test.each([
    ["wasmtime", "WASMTIME_HTTP_PROXY_SOCKET_ADDR"],
    ["wasmtime", "REQUEST_ID"],
    ["spin", "SPIN_VARIABLE_X"],
  ] as const)("of %s the shim's own variable %s", (runtime, key) => {
    expect(problems(service, { environment: [key] }, runtime)[0]).toMatch(/takes this variable for itself/);
  });
});

describe("warns", () => {
  test.each<[string, Partial<AppFields>, RegExp]>([
    ["that nobody may connect", {}, /nobody may connect/],
    [
      "that a host leads nowhere",
      { hostname: "a.example.com", ...service },
      /^hostname: nothing leads there/,
    ],
    ["that no request is bounded", { limits: { time: 3 }, ...service }, /^limits.time: nothing bounds/],
  ])("%s", (_, app, message) => {
    expect(findings(app)).toMatchObject({ problems: [], warnings: [expect.stringMatching(message)] });
  });
});

test("takes for right what is not known yet", () => {
  for (const path of ["run", "replicas", "hostname", "routes", "limits", "kubernetes"]) {
    expect([path, findings({ ...service, [path]: unknown }).problems]).toEqual([path, []]);
  }
  for (const key of Object.keys(kubernetesAppFields.shape)) {
    const kubernetes = { ...service.kubernetes, [key]: unknown };
    const run = ["arguments", "retries"].includes(key) ? "job" : "service";
    const alone = run === "job" ? { [key]: unknown } : kubernetes;
    const { problems: found } = findings({ run, kubernetes: alone as AppFields["kubernetes"] });
    expect([key, found]).toEqual([key, []]);
  }
  const all = { name: "shop", volumes: { main: unknown } } satisfies AppFields;
  expect(validate({ app: all, runtime: unknown, rules: unknown }).problems).toEqual([]);
});

describe("schedules", () => {
  test.each(["0 3 * * 1-5", "*/15 * * * *", "0 0 1,15 jan-jun MON", "5/10 * ? * *", "@daily", "@hourly"])(
    "takes %s",
    (text) => {
      expect(scheduleProblem(text)).toBeUndefined();
    },
  );

  test.each([
    ["* * * *", /has 4 fields/],
    ["", /has 1 field instead/],
    ["0 24 * * *", /for its hour/],
    ["0 0 0 * *", /day of the month/],
    ["0 0 * 13 *", /month/],
    ["0 0 * * 7", /day of the week/],
    ["0 0 * * 5-1", /day of the week/],
    ["*/0 * * * *", /minute/],
    ["1,,2 * * * *", /minute/],
    ["1-2-3 * * * *", /minute/],
    ["@reboot", /is none of/],
    ["TZ=Europe/Rome 0 0 * * *", /in UTC/],
  ])("refuses %j", (text, message) => {
    expect(scheduleProblem(text)).toMatch(message);
  });
});

describe("a target", () => {
  const target = { runtime: "wasmtime", runtimeClassName: "wasmtime-v1" } as const;
  const found = (more: object, registry: object | symbol | null = {}) =>
    targetProblems(kubernetesTargetFields.parse({ ...target, ...more }), registry ?? undefined).map(
      ({ path }) => path,
    );

  test("needs a registry, and either a RuntimeClass or a handler to make one of", () => {
    const made = { runtimeClassName: undefined, createRuntimeClass: true };
    expect(found({})).toEqual([]);
    expect(found({}, null)).toEqual(["registry"]);
    expect(found({ runtimeClassName: undefined })).toEqual(["kubernetes.runtimeClassName"]);
    expect(found({ handler: "wasmtime-v1" })).toEqual(["kubernetes.handler"]);
    expect(found(made)).toEqual(["kubernetes.handler"]);
    expect(found({ ...made, handler: "wasmtime-v1" })).toEqual([]);
    expect(found({ handler: "wasmtime-v1", createRuntimeClass: true })).toEqual([
      "kubernetes.runtimeClassName",
    ]);
    expect(found({ handler: unknown, createRuntimeClass: unknown }, unknown)).toEqual([]);
  });

  test.each([
    ["namespace", "My_Space", /takes 1 to 63 lower-case/],
    ["runtimeClassName", "Wasm", /takes lower-case letters/],
    ["runtime", "docker", /expected "wasmtime" or/],
    ["resources", { limits: { memory: "lots" } }, /is no quantity/],
    ["networkPolicy", "yes", /expected "enforced" or "unknown"/],
  ])("with a bad %s says what it takes", (name, value, message) => {
    const schema = z.strictObject({ kubernetes: kubernetesTargetFields });
    const result = parse(schema, { kubernetes: { ...target, [name]: value } });
    expect(result.ok ? [] : result.problems.map((problem) => problem.message).join()).toMatch(message);
  });
});
