/** For each resource, inputs with every property set: what the properties of `properties.test.ts` are tried on. */
import { fileURLToPath } from "node:url";
import { moduleArtifact } from "../../provider/artifacts/artifact.ts";
import { digestSchema } from "../../provider/artifacts/digest.ts";
import { encodeGrant, grantOf } from "../../provider/capabilities/grant.ts";
import { noRules } from "../../provider/capabilities/lattice.ts";
import { encodeRules } from "../../provider/capabilities/rules.ts";
import { Asset, type Properties } from "../../provider/protocol/values.ts";
import { encodeTarget } from "../../provider/targets/target.ts";
import lock from "../fixtures/guests/guests.lock.json" with { type: "json" };

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

export const samples: Record<string, Properties> = {
  "wasm:index:Module": {
    file: new Asset({ path: guestFile("client") }, client.slice("sha256:".length)),
    maxSize: 1_000_000,
    expectedDigest: client,
  },
  "wasm:index:CapabilityGrant": {
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
  },
  "wasm:index:EdgeTarget": { local: { memory: 64, requestTimeout: 5 } },
  "wasm:index:Admission": {
    artifact,
    target,
    grants: [grant],
    denied: ["wasi:sockets/tcp"],
    bindings: { main: { environment: ["TOKEN"], config: ["color"], volumes: ["catalog"] } },
    run: "service",
    acceptRisk: [{ module: "main", entry: "http https://api.example.com: looser", reason: "a test" }],
  },
  "wasm:local:Server": {
    artifact,
    rules: encodeRules(noRules()),
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
};
