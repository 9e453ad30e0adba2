/** What a local server says, in Check, of what it cannot run with: input → message, at the property. */
import { mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { grantOf } from "../../provider/capabilities/grant.ts";
import { encodeRules } from "../../provider/capabilities/rules.ts";
import { unknown } from "../../provider/schema/fields.ts";
import { type Properties, Secret } from "../../provider/values.ts";
import { TestEngine } from "./harness.ts";
import { samples } from "./samples.ts";

const type = "wasm:local:Server";
const sample = samples[type]?.[0] ?? {};
const rulesOf = (grant: Parameters<typeof grantOf>[1]) => encodeRules(grantOf("it", grant).rules);
const catalog = rulesOf({ filesystem: [{ path: "/data", access: "read", volume: "catalog" }] });

let engine: TestEngine;
let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "wasm-bad-server-"));
  await mkdir(join(folder, "real/inner"), { recursive: true });
  await symlink("real", join(folder, "link"));
  await symlink("nowhere", join(folder, "dangling"));
  await symlink("loop", join(folder, "loop"));
  await writeFile(join(folder, "file"), "");
  engine = await TestEngine.attach({ cacheDirectory: join(folder, "cache") });
});
afterAll(async () => {
  engine.close();
  await rm(folder, { recursive: true, force: true });
});

const check = async (inputs: Properties) => (await engine.check(type, { ...sample, ...inputs })).failures;
const volume = (place: string) => ({ rules: catalog, volumes: { catalog: join(folder, place) } });

describe.runIf(process.platform === "linux")("a volume", () => {
  const places: [place: string, message: RegExp][] = [
    ["missing", /^The folder \/.*\/missing does not exist\. Create it first\.$/],
    ["dangling", /^The folder \/.*\/dangling does not exist\. Create it first\.$/],
    ["file", /^\/.*\/file is not a folder\.$/],
    ["file/below", /^The folder \/.*\/file\/below cannot be used: ENOTDIR/],
    ["link", /^The path \/.*\/link leads through a symbolic link to \/.*\/real\. Give \/.*\/real itself/],
    ["link/inner", /^The path \/.*\/link\/inner leads through a symbolic link to \/.*\/real\/inner\./],
    ["loop", /^The folder \/.*\/loop cannot be used: ELOOP/],
  ];

  it.each(places)("%s", async (place, message) => {
    expect(await check(volume(place))).toEqual([
      { property: "volumes.catalog", reason: expect.stringMatching(message) },
    ]);
  });

  it("that is a folder is accepted, also by a path with ..", async () => {
    expect(await check(volume("real"))).toEqual([]);
    expect(await check({ volumes: { catalog: `${folder}/real/../real/inner` } })).toEqual([]);
  });

  it("relative to the program that does not exist", async () => {
    expect(await check({ volumes: { catalog: "no/such/folder" } })).toEqual([
      {
        property: "volumes.catalog",
        reason: expect.stringMatching(/^The folder \/.*\/no\/such\/folder does not exist/),
      },
    ]);
  });

  it("is held against the disk when its rules are not known yet, and says all of it at once", async () => {
    const volumes: Properties = {
      catalog: join(folder, "missing"),
      "a.b": join(folder, "file"),
      later: unknown,
    };
    const failures = await check({ rules: unknown, volumes });
    expect(failures.map(({ property }) => property).sort()).toEqual(
      ['volumes["a.b"]', "volumes.catalog"].sort(),
    );
  });

  it("of two at one path of the guest", async () => {
    const rules = rulesOf({
      filesystem: [
        { path: "/data", access: "read", volume: "catalog" },
        { path: "/data", access: "write", volume: "other" },
      ],
    });
    const volumes = { catalog: join(folder, "real"), other: join(folder, "real/inner") };
    expect(await check({ rules, volumes })).toEqual([
      { property: "volumes.other", reason: expect.stringMatching(/^\/data is granted from two folders, /) },
    ]);
  });

  it("whose path is secret is not told", async () => {
    const [failure] = await check({ volumes: { catalog: new Secret(join(folder, "hidden7")) } });
    expect(failure).toEqual({
      property: "volumes.catalog (secret)",
      reason: "The folder [secret] does not exist. Create it first.",
    });
  });
});

const values: [input: string, inputs: Properties, property: string, message: string | RegExp][] = [
  ["a port beyond the last", { port: 65536 }, "port", "must be at most 65535"],
  ["port 0", { port: 0 }, "port", "must be at least 1"],
  ["a port with a fraction", { port: 80.5 }, "port", "expected a whole number, got one with a fraction"],
  ["a port as text", { port: "8080" }, "port", "expected a number, got a string"],
  ["no memory", { memory: 0 }, "memory", "must be at least 1"],
  ["more memory than there is in 32 bits", { memory: 4097 }, "memory", "must be at most 4096"],
  ["no time", { requestTimeout: 0 }, "requestTimeout", "must be more than 0"],
  ["too many at once", { concurrency: 65 }, "concurrency", "must be at most 64"],
  ["another way to run", { run: "daemon" }, "run", 'expected "service" or "job"'],
  ["text for true or false", { start: "yes" }, "start", "expected true or false, got a string"],
  ["a number as a value", { environment: { A: 1 } }, "environment.A", "expected a string, got a number"],
  ["a folder as an object", { volumes: { catalog: { folder: "a" } } }, "volumes.catalog", "expected a string, got an object"],
  ["rules by hand", { rules: "{}" }, "rules", /^These rules were not made by this version of the plugin/],
  ["a recipe by hand", { artifact: { ...(sample.artifact as Properties), recipe: "{}" } }, "artifact.recipe", /^This version of the plugin does not know the recipe/],
  ["a misspelt property", { ports: [1] }, "ports", "unknown property; the properties are artifact, rules, denied, environment, config, volumes, arguments, run, start, port, memory, requestTimeout, concurrency, forget"],
]; // biome-ignore format: a table

it.each(values)("%s", async (_input, inputs, property, message) => {
  const reason = typeof message === "string" ? message : expect.stringMatching(message);
  expect(await check(inputs)).toEqual([{ property, reason }]);
});

it("a secret value of a wrong type stays out of the message", async () => {
  expect(await check({ port: new Secret(123456), run: new Secret("hidden7") })).toEqual([
    { property: "run (secret)", reason: 'expected "service" or "job"' },
    { property: "port (secret)", reason: "must be at most 65535" },
  ]);
});
