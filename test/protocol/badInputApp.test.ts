/** What an App says of inputs that it cannot have: all of it at once, at the paths that the user wrote. */
import { type ServiceError, status } from "@grpc/grpc-js";
import providerPb from "@pulumi/pulumi/proto/provider_pb.js";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Properties, Secret } from "../../provider/values.ts";
import { detailOf, struct, TestEngine, unary } from "./harness.ts";
import { samples } from "./samples.ts";

const { artifact, target, grants } = samples["wasm:index:Admission"]?.[0] ?? {};
const good: Properties = { artifact: artifact ?? null, target: target ?? null, grants: grants ?? null };

let engine: TestEngine;
beforeAll(async () => {
  engine = await TestEngine.attach();
});
afterAll(() => engine.close());

/** No engine is attached: an App that gets beyond its inputs fails otherwise, and registers nothing. */
async function construct(inputs: Properties): Promise<ServiceError> {
  const request = new providerPb.ConstructRequest();
  request.setType("wasm:index:App");
  request.setName("shop");
  request.setInputs(struct(inputs));
  const call = unary<providerPb.ConstructResponse>((reply) => engine.client.construct(request, reply));
  return await call.then(
    () => Promise.reject(new Error("It was constructed.")),
    (error: ServiceError) => error,
  );
}

const wrong: [input: string, inputs: Properties, path: string, message: string][] = [
  ["no artifact", { target: target ?? null }, "artifact", "is required: What runs: the `artifact` output of a Module"],
  ["a digest for an artifact", { ...good, artifact: "sha256:00" }, "artifact", "expected an object, got a string"],
  ["a grant for the list of them", { ...good, grants: "stripe" }, "grants", "expected a list, got a string"],
  ["a binding of text", { ...good, bindings: "x" }, "bindings", "expected an object, got a string"],
  ["a number, three levels deep", { ...good, bindings: { main: { environment: { PORT: 80 } } } }, "bindings.main.environment.PORT", "expected a string, got a number"],
  ["text for a volume, three levels deep", { ...good, bindings: { main: { volumes: { data: "./data" } } } }, "bindings.main.volumes.data", "expected an object, got a string"],
  ["a volume of no folder", { ...good, bindings: { main: { volumes: { data: { folder: "" } } } } }, "bindings.main.volumes.data.folder", "must not be empty"],
  ["a key with a dot", { ...good, bindings: { main: { config: { "cache.size": 5 } } } }, 'bindings.main.config["cache.size"]', "expected a string, got a number"],
  ["an unknown property", { ...good, grant: [] }, "grant", "unknown property; the properties are artifact, target, grants, denied, bindings, run, hostname, routes, replicas, limits, acceptRisk, local, kubernetes"],
  ["an unknown property, two levels deep", { ...good, bindings: { main: { env: {} } } }, "bindings.main.env", "unknown property; the properties are environment, config, volumes"],
  ["an unknown property, three levels deep", { ...good, bindings: { main: { volumes: { data: { folder: "a", path: "b" } } } } }, "bindings.main.volumes.data.path", "unknown property; the properties are folder, configMap, secret, claim, empty"],
  ["another way to run", { ...good, run: "cron" }, "run", 'expected "service" or "job"'],
  ["a schedule that is no text", { ...good, run: { schedule: 5 } }, "run.schedule", "expected a string, got a number"],
  ["a port beyond the last", { ...good, local: { port: 65536 } }, "local.port", "must be at most 65535"],
  ["no memory", { ...good, limits: { memory: 0 } }, "limits.memory", "must be at least 1"],
  ["a risk without a reason", { ...good, acceptRisk: [{ module: "main", entry: "http", reason: "" }] }, "acceptRisk[0].reason", "must not be empty"],
]; // biome-ignore format: a table

it.each(wrong)("%s", async (_input, inputs, path, reason) => {
  const error = await construct(inputs);
  expect(error.code).toBe(status.INVALID_ARGUMENT);
  expect(detailOf(error).inputErrors).toEqual([{ path, reason }]);
});

it("says all of it at once", async () => {
  const error = await construct({
    local: { port: "x", start: 1 },
    bindings: { main: { environment: { A: 1 } } },
    more: 1,
  });
  expect(error.details).toBe("The inputs have 6 problems");
  expect(
    detailOf(error)
      .inputErrors?.map(({ path }) => path)
      .sort(),
  ).toEqual(
    ["artifact", "bindings.main.environment.A", "local.port", "local.start", "more", "target"].sort(),
  );
});

it("accepts what is right, and then asks for an engine", async () => {
  expect(await construct(good)).toMatchObject({
    code: status.FAILED_PRECONDITION,
    details: "No engine has attached to this plugin.",
  });
});

describe("a secret that is wrong", () => {
  const cases: [name: string, inputs: Properties][] = [
    ["a number for a value", { ...good, bindings: { main: { environment: { A: new Secret(717171) } } } }],
    ["bindings as a whole", { ...good, bindings: new Secret({ main: { environment: { A: 717171 } } }) }],
    ["a digest", { ...good, artifact: { digest: new Secret("717171"), kind: "component", recipe: "x" } }],
  ];
  it.each(cases)("%s: nothing of it is told", async (_name, inputs) => {
    const error = await construct(inputs);
    expect(error.code).toBe(status.INVALID_ARGUMENT);
    const problems = detailOf(error).inputErrors ?? [];
    expect(JSON.stringify([error.details, problems])).not.toContain("717171");
    // The engine would find the value at the mere path, and print it.
    expect(problems.map(({ path }) => path)).toEqual([expect.stringMatching(/ \(secret\)$/)]);
  });
});
