/** Any module with any grants, sealed: what the bytes ask the host for is what the grants open, and nothing else. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import fc from "fast-check";
import { expect, test } from "vitest";
import type { CompositionModule } from "../../provider/artifacts/compose/index.ts";
import { checkSeal } from "../../provider/artifacts/proof/index.ts";
import { Workshop, wit } from "../unit/composeSetup.ts";
import { granted, seal } from "../unit/proofSetup.ts";

const http = { http: ["https://api.example.com"] };
const sockets = (protocol: string) => ({ sockets: [{ host: "10.0.0.0/8", protocol, ports: ["5432"] }] });
const [tcp, udp] = [sockets("tcp"), sockets("udp")];
const nameLookup = { nameLookup: ["db.example.com"] };
const filesystem = { filesystem: [{ path: "/data", access: "read", volume: "data" }] };
const environment = { environment: ["KEY"] };
const config = { config: ["greeting"] };
const keyValue = { keyValue: ["carts"] };
const blobs = { blobs: ["uploads"] };
const messaging = { messaging: ["orders"] };
const interfaces = { interfaces: ["acme:ai/model@1.2.0"] };
const grants = [
  http,
  tcp,
  udp,
  nameLookup,
  filesystem,
  environment,
  config,
  keyValue,
  blobs,
  messaging,
  interfaces,
];

const ambients = ["clocks", "random", "stdio"] as const;
type Opener = (typeof grants)[number] | (typeof ambients)[number];

/** What opens an import, said here once more: any one of these grants, or an ambient family that is on. */
const openers: Record<string, Opener[]> = {
  "wasi:http/outgoing-handler@0.2.0": [http],
  "wasi:cli/environment@0.2.0": [environment],
  "wasi:cli/stdin@0.2.0": ["stdio"],
  "wasi:cli/stdout@0.2.0": ["stdio"],
  "wasi:cli/stderr@0.2.0": ["stdio"],
  "wasi:clocks/monotonic-clock@0.2.0": ["clocks"],
  "wasi:clocks/wall-clock@0.2.0": ["clocks"],
  "wasi:random/random@0.2.0": ["random"],
  "wasi:filesystem/types@0.2.0": [filesystem],
  "wasi:filesystem/preopens@0.2.0": [filesystem],
  "wasi:sockets/network@0.2.0": [tcp, udp, nameLookup],
  "wasi:sockets/instance-network@0.2.0": [tcp, udp, nameLookup],
  "wasi:sockets/tcp@0.2.0": [tcp],
  "wasi:sockets/tcp-create-socket@0.2.0": [tcp],
  "wasi:sockets/udp@0.2.0": [udp],
  "wasi:sockets/udp-create-socket@0.2.0": [udp],
  "wasi:sockets/ip-name-lookup@0.2.0": [nameLookup],
  "wasi:config/store@0.2.0-rc.1": [config],
  "wasi:keyvalue/store@0.2.0-draft": [keyValue],
  "wasi:keyvalue/atomics@0.2.0-draft": [keyValue],
  "wasi:blobstore/types@0.2.0-draft": [blobs],
  "wasi:blobstore/container@0.2.0-draft": [blobs],
  "wasi:blobstore/blobstore@0.2.0-draft": [blobs],
  "wasmcloud:messaging/consumer@0.2.0": [messaging],
  "acme:ai/model@1.2.0": [interfaces],
  // Not in the version that the grant names, not in one that is known, and not at all.
  "acme:ai/model@2.0.0": [],
  "wasi:random/random@0.2.99": [],
  "acme:other/thing": [],
};
const names = Object.keys(openers);

/**
 * Those that nothing else depends on: a module that may not use the owner of some handles cannot have what works on them
 * either, and with one of the standard streams all are silent.
 */
const deniable = names.filter((name) => !/\/(network|tcp|udp|types|container|store|std\w+)@/.test(name));

const definition = async (file: string) => {
  const text = await readFile(
    join(import.meta.dirname, `../../composer/guards/wit/deps/${file}.wit`),
    "utf8",
  );
  return `${text.replace(/^package ([^;]+);/, "package $1 {")} }\n`;
};
const files = ["io", "clocks", "cli", "http", "filesystem", "sockets", "config-rc1", "keyvalue-draft"];
const packages = [
  ...(await Promise.all([...files, "blobstore", "messaging"].map(definition))),
  wit("wasi:random/random@0.2.0", "get-random-u64: func() -> u64;"),
  wit("wasi:random/random@0.2.99", "get-random-u64: func() -> u64;"),
  wit("acme:ai/model@1.2.0", "ask: func(text: string) -> result<string, string>;"),
  wit("acme:ai/model@2.0.0", "ask: func(text: string) -> result<string, string>;"),
  wit("acme:other/thing"),
  wit("acme:main/run"),
  wit("acme:link/link"),
].join("");

interface Module {
  imports: string[];
  grants: object[];
  off: (typeof ambients)[number][];
  denied: string[];
}

const some = <T>(items: readonly T[], maxLength: number) =>
  fc.uniqueArray(fc.constantFrom(...items), { maxLength });
const module: fc.Arbitrary<Module> = fc
  .record({ imports: some(names, 8), grants: some(grants, 5), off: some(ambients, 3) })
  .chain(({ imports, ...rest }) =>
    fc.record({
      imports: fc.constant(imports),
      grants: fc.constant(rest.grants),
      off: fc.constant(rest.off),
      denied: some(deniable, 1),
    }),
  );

/** What has types and plumbing, and no way to anything outside. */
const isStructural = (name: string) =>
  /^(wasi:io\/|wasi:http\/types@|wasi:cli\/(exit|terminal-)|wasmcloud:messaging\/types@)/.test(name);

const isOpen = ({ grants: own, off, denied }: Module) => {
  return (name: string) =>
    !denied.includes(name) &&
    (openers[name] ?? []).some((opener) =>
      typeof opener === "string" ? !off.includes(opener) : own.includes(opener),
    );
};

const access = ({ grants: own, off, denied }: Module) => {
  const lists = own.flatMap((inputs) => Object.entries(inputs) as [string, unknown[]][]);
  const inputs: Record<string, unknown[]> = {};
  for (const [family, entries] of lists) inputs[family] = [...(inputs[family] ?? []), ...entries];
  const ambient = Object.fromEntries(off.map((family) => [family, false]));
  return { ...granted({ ...inputs, ambient }), denied };
};

const shop = await Workshop.open();
const lines = (imports: string[]) => imports.map((name) => `import ${name};`).join(" ");
const made = (imports: string[], link: string): Promise<CompositionModule> =>
  shop.module(`${lines(imports)} ${link}`, packages);

/** Makes and seals `front`, and `back` behind it. @returns what their host is asked for, and what it should be */
async function sealed(front: Module, back?: Module): Promise<{ asked: string[]; open: string[] }> {
  const link = back ? "import acme:link/link; export acme:main/run;" : "export acme:main/run;";
  const modules: Record<string, CompositionModule> = { front: await made(front.imports, link) };
  if (back) modules.back = await made(back.imports, "export acme:link/link;");
  const rights = { front: access(front), ...(back && { back: access(back) }) };
  const { bytes, expected } = await seal(shop, { modules, access: rights });
  const { imports, uncalled } = checkSeal(bytes, expected);

  const open = new Set<string>();
  for (const [name, { artifact }] of Object.entries(modules)) {
    // A type brings the interface along that it comes from.
    const world = (await shop.inspector.inspect(artifact.digest)).imports;
    const own = name === "back" ? back : front;
    for (const item of own ? world.filter(isOpen(own)) : []) open.add(item);
  }
  // Of what stands there for its types alone nothing is called.
  const asked = imports.filter((name) => !isStructural(name) && !uncalled.includes(name));
  return { asked, open: [...open].sort() };
}

test("what is sealed asks its host for what the grants open", { timeout: 120_000 }, async () => {
  await fc.assert(
    fc.asyncProperty(module, module, fc.boolean(), async (front, back, both) => {
      const { asked, open } = await sealed(front, both ? back : undefined);
      expect(asked).toEqual(open);
    }),
    { numRuns: 60 },
  );
});

const nothing: Module = { imports: [], grants: [], off: [], denied: [] };

test.each<[what: string, module: Module]>([
  [
    "makes sockets of the protocol that is not granted",
    { ...nothing, imports: ["wasi:sockets/udp-create-socket@0.2.0"], grants: [tcp] },
  ],
  [
    "may not ask for a network, but have sockets",
    {
      ...nothing,
      imports: ["wasi:sockets/tcp-create-socket@0.2.0", "wasi:sockets/instance-network@0.2.0"],
      grants: [tcp],
      denied: ["wasi:sockets/instance-network@0.2.0"],
    },
  ],
])("a module that %s is sealed", async (_what, own) => {
  const { asked, open } = await sealed(own);
  expect(asked).toEqual(open);
});
