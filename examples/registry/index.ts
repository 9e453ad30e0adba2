import * as pulumi from "@pulumi/pulumi";
import * as wasm from "pulumi-wasm";

const config = new pulumi.Config();
const registry = config.require("registry");

// The first stack takes the module's file. Each further one takes what the one before has pushed, by digest, and with a
// public key only if the key's owner has signed it.
const promoted = config.get("promoted");
const signedBy = config.get("signedBy");
const hello = new wasm.Module(
  "hello",
  promoted === undefined
    ? { file: new pulumi.asset.FileAsset("../quickstart/module/quickstart.wasm") }
    : { reference: promoted, ...(signedBy !== undefined && { verify: { key: signedBy } }) },
);

// One value from the environment, and no requests: what is pushed does not even import them any more.
const access = new wasm.CapabilityGrant("access", { environment: ["GREETING"] });
const denied = promoted === undefined ? ["wasi:http/outgoing-handler"] : [];

// It runs on this machine. Where the target names a registry, what runs is also pushed there, as `<registry>/hello`.
const edge = new wasm.EdgeTarget("edge", {
  local: {},
  ...(promoted === undefined && { registry: { push: registry } }),
});
const app = new wasm.App("hello", {
  artifact: hello.artifact,
  target: edge.target,
  grants: [access.grant],
  denied,
  bindings: { main: { environment: { GREETING: config.require("greeting") } } },
});

// What was promoted goes on as it is: the same bytes, so the same digest, in this stack's own place.
export const image =
  promoted === undefined
    ? app.image
    : new wasm.Image("hello", { artifact: hello.artifact, repository: `${registry}/hello` }).ref;
export const url = app.url;
