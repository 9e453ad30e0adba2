import * as pulumi from "@pulumi/pulumi";
import * as wasm from "pulumi-wasm";

const config = new pulumi.Config();

// The stack's configuration says where both run.
const { target } = new wasm.EdgeTarget("edge", config.requireObject<wasm.EdgeTargetArgs>("target"));
const loaded = (name: string) =>
  new wasm.Module(name, { file: new pulumi.asset.FileAsset(`modules/${name}.wasm`) }).artifact;

// Needs nothing, so it is granted nothing. In a cluster, pods take connections only of those that they name.
const auth = new wasm.App("auth", {
  artifact: loaded("auth"),
  target,
  replicas: config.getNumber("authReplicas"),
  kubernetes: { callers: [{ app: "web" }] },
});

// May call `http://auth`, which is the App above: by its name alone, so neither waits for the other.
const calls = new wasm.CapabilityGrant("calls", { calls: ["auth"] });
const web = new wasm.App("web", {
  artifact: loaded("web"),
  target,
  grants: [calls.grant],
  kubernetes: { callers: [{ namespace: "ingress" }] },
});

export const url = web.url;
export const authUrl = auth.url;
export const report = web.report;
