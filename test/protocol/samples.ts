/**
 * For each resource, inputs that set every property, together where one excludes another: what the properties of
 * `properties.test.ts` are tried on.
 */
import { generateKeyPairSync } from "node:crypto";
import { fileURLToPath } from "node:url";
import { componentEmbed, componentNew } from "@bytecodealliance/jco-transpile/wasm-tools";
import { moduleArtifact } from "../../provider/artifacts/artifact.ts";
import { digestOf, digestSchema } from "../../provider/artifacts/digest.ts";
import { encodeGrant, grantOf } from "../../provider/capabilities/grant.ts";
import { noRules } from "../../provider/capabilities/lattice.ts";
import { encodeRules } from "../../provider/capabilities/rules.ts";
import { encodeTarget } from "../../provider/targets/target.ts";
import { Asset, type Properties } from "../../provider/values.ts";
import lock from "../fixtures/guests/guests.lock.json" with { type: "json" };
import { spinArtifact } from "../unit/ociArtifacts.ts";
import { MemoryRegistry } from "./memoryRegistry.ts";
import { pushArtifact } from "./pushedArtifact.ts";

export const guestFile = (name: string) =>
  fileURLToPath(new URL(`../fixtures/guests/${name}.wasm`, import.meta.url));

export function guestDigest(name: keyof typeof lock.components) {
  return digestSchema.parse(lock.components[name].digest);
}

const client = guestDigest("client");
const grant = encodeGrant(
  grantOf("web", {
    http: ["https://api.example.com"],
    environment: ["TOKEN"],
    config: ["color"],
    filesystem: [{ path: "/data", access: "read", volume: "catalog" }],
  }),
);
const artifact = { ...moduleArtifact(guestDigest("client"), "component") };
const target = encodeTarget({ kind: "local", memory: 64 });
/** Serves what Images push and Modules pull. */
export const registry = await MemoryRegistry.start();

/** Two modules made for each other, without a compiler. */
const wit = `package test:modules;
world front { import acme:auth/check@1.2.0; export acme:shop/orders@0.1.0; }
world auth { export acme:auth/check@1.2.0; }
package acme:auth@1.2.0 { interface check { verify: func(token: string) -> bool; } }
package acme:shop@0.1.0 { interface orders { place: func(item: string) -> u32; } }`;

async function made(world: string): Promise<Uint8Array> {
  return componentNew(await componentEmbed({ witSource: wit, world, dummy: true }));
}

/** Bytes that the samples name by digest: put into the store first. */
export const modules = { front: await made("front"), auth: await made("auth") };

/** A Spin application, signed. */
const keys = generateKeyPairSync("ec", { namedCurve: "P-256" });
const application = await pushArtifact(
  registry.host,
  spinArtifact([{ id: "web", source: { digest: digestOf(modules.auth) } }], [modules.auth]),
  {
    repository: "acme/application",
    tag: "1.0",
    signingKey: keys.privateKey.export({ type: "pkcs8", format: "pem" }).toString(),
  },
);

const madeArtifact = (name: keyof typeof modules) => ({
  ...moduleArtifact(digestOf(modules[name]), "component"),
});
const composed = {
  front: { artifact: madeArtifact("front"), grants: [grant], denied: ["wasi:sockets/tcp"] },
  auth: { artifact: madeArtifact("auth") },
};

export const samples: Record<string, Properties[]> = {
  "wasm:index:Module": [
    {
      file: new Asset({ path: guestFile("client") }, client.slice("sha256:".length)),
      maxSize: 1_000_000,
      expectedDigest: client,
    },
    {
      reference: application.tagged,
      allowTag: true,
      component: "web",
      verify: { key: keys.publicKey.export({ type: "spki", format: "pem" }).toString() },
      maxSize: 1_000_000,
      expectedDigest: digestOf(modules.auth),
    },
  ],
  "wasm:index:CapabilityGrant": [
    {
      http: ["https://api.example.com", "http://localhost:8080"],
      sockets: [{ host: "10.0.0.0/8", protocol: "tcp", ports: ["5432", "6000-6010"] }],
      nameLookup: ["db.example.com"],
      filesystem: [{ path: "/data", access: "read", volume: "catalog" }],
      environment: ["TOKEN"],
      config: ["color"],
      keyValue: ["sessions"],
      blobs: ["uploads"],
      messaging: ["orders"],
      sql: ["shop"],
      calls: ["billing"],
      interfaces: ["acme:ai/model@1.2.0"],
      ambient: { clocks: true, random: false, stdio: true },
      extends: [grant],
    },
  ],
  "wasm:index:EdgeTarget": [
    {
      local: { memory: 64, requestTimeout: 5 },
      registry: { push: "localhost:5000/acme", pull: "registry.internal/acme", insecure: true },
    },
    {
      kubernetes: { runtime: "wasmtime", runtimeClassName: "wasmtime-v1", namespace: "storefront" },
      registry: { push: "localhost:5000/acme" },
    },
  ],
  "wasm:index:Image": [
    {
      artifact,
      repository: `${registry.host}/acme/client`,
      pullRepository: "registry.internal/acme/client",
      insecure: true,
      tags: ["1.0", "latest"],
      format: "wasm",
      annotations: { "org.opencontainers.image.source": "https://git.example/acme/client" },
      keep: 2,
      deleteOnDestroy: true,
    },
  ],
  "wasm:index:Admission": [
    {
      artifact,
      target,
      grants: [grant],
      denied: ["wasi:sockets/tcp"],
      bindings: { main: { environment: ["TOKEN"], config: ["color"], volumes: ["catalog"] } },
      run: "service",
      acceptRisk: [{ module: "main", entry: "http https://api.example.com: looser", reason: "a test" }],
    },
  ],
  "wasm:index:Composition": [
    {
      modules: composed,
      links: [{ from: "front", import: "acme:auth/check", to: "auth" }],
      exports: [{ from: "front", export: "acme:shop/orders" }],
    },
    {
      modules: composed,
      wac: `package acme:shop-app;
let auth = new module:auth { ... };
let front = new module:front { "acme:auth/check@1.2.0": auth["acme:auth/check@1.2.0"], ... };
export front["acme:shop/orders@0.1.0"];`,
    },
  ],
  "wasm:local:Server": [
    {
      artifact,
      rules: encodeRules(noRules()),
      denied: ["wasi:sockets/tcp"],
      environment: { TOKEN: "t" },
      config: { color: "red" },
      volumes: { catalog: "test" },
      arguments: ["--verbose"],
      run: "service",
      // Nothing is started: what a started server does, the runtime and engine tiers hold.
      start: false,
      port: 8080,
      memory: 64,
      requestTimeout: 5,
      concurrency: 2,
      forget: false,
    },
  ],
};
