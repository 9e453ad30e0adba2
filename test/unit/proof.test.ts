import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { CompositionModule } from "../../provider/artifacts/compose/index.ts";
import { checkSeal, readSeal } from "../../provider/artifacts/proof/index.ts";
import { Workshop, wit } from "./composeSetup.ts";
import { binary } from "./inspectComponents.ts";
import { environment, random } from "./proofSamples.ts";
import { granted, seal } from "./proofSetup.ts";

const shop = await Workshop.open();
const { composer, store } = shop;

test("an import may be left that gives types alone, though it is denied: nothing calls it", async () => {
  const client = await shop.add(await readFile(join(import.meta.dirname, "../fixtures/guests/client.wasm")));
  const access = { client: granted({ http: ["https://a.test"], ambient: { clocks: false } }) };
  const { bytes, expected } = await seal(shop, { modules: { client }, access });
  const proof = checkSeal(bytes, expected);
  expect(proof.instances[0]?.imports["wasi:clocks/monotonic-clock@0.2.6"]).toEqual({ from: "deny" });
  expect(proof.uncalled).toEqual(["wasi:clocks/monotonic-clock@0.2.6"]);
  expect(proof.imports).toContain("wasi:clocks/monotonic-clock@0.2.6");
});

test("of a module that may call others, the labels are proven: the bytes for one are none for another", async () => {
  const client = await shop.add(await readFile(join(import.meta.dirname, "../fixtures/guests/client.wasm")));
  const calling = (...calls: string[]) =>
    seal(shop, { modules: { client }, access: { client: granted({ calls }) } });
  const [auth, other, origin] = [
    await calling("auth"),
    await calling("auth:8080"),
    await seal(shop, { modules: { client }, access: { client: granted({ http: ["http://auth"] }) } }),
  ];
  expect(checkSeal(auth.bytes, auth.expected).rules.client).toContain("\ncalls\tauth\n");
  expect(readSeal(auth.bytes, auth.expected.guards)?.modules[0]?.rules?.rules).toMatchObject({
    calls: ["auth"],
    http: [],
  });
  for (const { bytes } of [other, origin])
    expect(() => checkSeal(bytes, auth.expected)).toThrow("it does not have that module's rules");
});

describe("a seal is read from the bytes", () => {
  const guest = (name: string) => readFile(join(import.meta.dirname, `../fixtures/guests/${name}.wasm`));

  test("with each module's rules, guards and denials", async () => {
    const client = await shop.add(await guest("client"));
    const modules = { client, plain: await shop.add(await guest("plain")) };
    const access = {
      client: granted({ http: ["https://a.test"], environment: ["KEY"], ambient: { random: false } }),
    };
    const { bytes, expected } = await seal(shop, { modules, access });
    const [sealed, ...others] =
      readSeal(bytes, expected.guards)?.modules.filter(({ name }) => name === "client") ?? [];
    expect(others).toEqual([]);
    expect(sealed).toMatchObject({
      digest: client.artifact.digest,
      rules: {
        module: "client",
        rules: {
          http: [{ scheme: "https", host: "a.test", port: 443 }],
          environment: ["KEY"],
          filesystem: [],
          ambient: { clocks: true, random: false },
        },
        hostKeys: { environment: { KEY: "CLIENT__KEY" } },
      },
      denied: [],
      linked: [],
    });
    expect(sealed?.guards.map(({ name, digest, serves }) => [name, digest, serves])).toEqual(
      ["http", "environment"].map((name) => [
        name,
        expected.guards[name],
        [name === "http" ? "wasi:http/outgoing-handler@0.2.4" : "wasi:cli/environment@0.2.6"],
      ]),
    );
    expect(sealed?.open).toContain("wasi:http/types@0.2.4");
    expect(readSeal(bytes, {})?.modules.flatMap(({ guards }) => guards.map(({ name }) => name))).toEqual([
      undefined,
      undefined,
    ]);
  });

  test("where all that a module asks for is denied", async () => {
    const { bytes } = await seal(shop, {
      modules: { main: await shop.add(await guest("needs-kv")) },
      access: {},
    });
    const [module] = readSeal(bytes, {})?.modules ?? [];
    expect(module).toMatchObject({ name: "main", rules: undefined, guards: [] });
    expect(module?.denied).toContain("wasi:keyvalue/store@0.2.0-draft");
  });

  test("and is not there where nothing is sealed", async () => {
    const plain = await shop.add(await guest("plain"));
    const client = await guest("client");
    const unsealed = await composer.compose({ modules: { plain, client: await shop.add(client) } });
    for (const bytes of [
      client,
      await store.read(unsealed.digest),
      await binary("(module)"),
      Buffer.from("text"),
    ]) {
      expect(readSeal(bytes, {})).toBeUndefined();
    }
  });
});

test("every guest is sealed and proven, whatever it is granted, alone and as part of a composition", {
  timeout: 120_000,
}, async () => {
  const folder = join(import.meta.dirname, "../fixtures/guests");
  const files = (await readdir(folder)).filter(
    (name) => name.endsWith(".wasm") && name !== "label-host.wasm",
  );
  const modules: Record<string, CompositionModule> = {};
  for (const file of files)
    modules[file.replace(".wasm", "")] = await shop.add(await readFile(join(folder, file)));
  const everything = {
    http: ["https://a.test"],
    environment: ["KEY"],
    config: ["key"],
    keyValue: ["store"],
    blobs: ["container"],
    messaging: ["channel"],
    filesystem: [{ path: "/data", access: "read", volume: "data" }],
    sockets: [{ host: "10.0.0.0/8", protocol: "tcp", ports: ["5432"] }],
    nameLookup: ["db.test"],
  };
  const lines = Object.keys(modules).map((name) => `let ${name} = new module:${name} { ... };`);
  const [served] = (await shop.inspector.inspect(modules.echo!.artifact.digest)).exports;
  const wac = `package test:all;\n${lines.join("\n")}\nexport echo["${served}"];`;
  for (const grants of [{}, { ambient: { clocks: false, random: false, stdio: false } }, everything]) {
    const access = Object.fromEntries(Object.keys(modules).map((name) => [name, granted(grants)]));
    const { bytes, expected } = await seal(shop, { modules, access, wac });
    const proof = checkSeal(bytes, expected);
    expect(proof.instances.map(({ module }) => module).sort()).toEqual(Object.keys(modules).sort());
    const sealed = readSeal(bytes, expected.guards)?.modules ?? [];
    expect(sealed.map(({ name }) => name)).toEqual(proof.instances.map(({ module }) => module));
    const inner = await composer.compose({ modules, access, wac });
    const nested = await seal(shop, { modules: { inner }, access: { inner: granted(grants) } });
    expect(() => checkSeal(nested.bytes, nested.expected)).not.toThrow();
  }
});

describe("what is sealed", () => {
  const names = [
    "wasi:cli/environment@0.2.3",
    random,
    "wasi:clocks/wall-clock@0.2.6",
    "wasi:config/runtime@0.2.0-draft",
    "acme:ai/model@1.2.0",
    "acme:b/b",
  ] as const;
  const bodies: Record<string, string> = { "wasi:cli/environment@0.2.3": environment("0.2.3") };
  const world = fc.subarray([...names]);
  const made = new Map<string, Promise<CompositionModule>>();
  const moduleOf = (imports: readonly string[], index: number) => {
    const key = `${index} ${imports.join()}`;
    const known =
      made.get(key) ??
      shop.module(
        `${imports.map((name) => `import ${name};`).join(" ")} export acme:m${index}/run;`,
        imports.map((name) => bodies[name] ?? wit(name)).join("") + wit(`acme:m${index}/run`),
      );
    made.set(key, known);
    return known;
  };
  const grant = fc.record({
    environment: fc.subarray(["A", "B"]),
    interfaces: fc.subarray(["acme:ai/model@1.2.0"]),
    ambient: fc.record({ clocks: fc.boolean(), random: fc.boolean() }),
  });

  test("asks its host for what some module may use, and the checker agrees", {
    timeout: 120_000,
  }, async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.tuple(world, grant), { minLength: 1, maxLength: 3 }), async (all) => {
        const parts = await Promise.all(all.map(([imports], index) => moduleOf(imports, index)));
        const modules = Object.fromEntries(parts.map((part, index) => [`m${index}`, part]));
        const access = Object.fromEntries(all.map(([, grants], index) => [`m${index}`, granted(grants)]));
        const { bytes, expected } = await seal(shop, { modules, access });
        const proof = checkSeal(bytes, expected);
        const may = all.flatMap(([imports, { environment: keys, interfaces, ambient }]) =>
          imports.flatMap((name) => {
            if (name.startsWith("wasi:cli/")) return keys.length > 0 ? ["wasi:cli/environment@0.2.0"] : [];
            if (name === random) return ambient.random ? [name] : [];
            if (name.startsWith("wasi:clocks/")) return ambient.clocks ? [name] : [];
            return interfaces.includes(name) ? [name] : [];
          }),
        );
        expect(proof.imports).toEqual([...new Set(may)].sort());
        expect(proof.instances.map(({ module }) => module).sort()).toEqual(Object.keys(modules));
      }),
      { numRuns: 60, seed: 5 },
    );
  });
});
