import * as pulumi from "@pulumi/pulumi";
import * as wasm from "pulumi-wasm";

const config = new pulumi.Config();
const allowedUrl = config.require("allowedUrl");

// The bytes. Preview reads them and shows what they import.
const hello = new wasm.Module("hello", {
  file: new pulumi.asset.FileAsset("module/quickstart.wasm"),
});

// What a module with this grant may do: call one server, and read three environment values. Nothing else.
const access = new wasm.CapabilityGrant("access", {
  http: [allowedUrl],
  environment: ["GREETING", "ALLOWED_URL", "DENIED_URL"],
});

// Where it runs.
const edge = new wasm.EdgeTarget("edge", { local: {} });

// All of it together. Grants carry names only; the values are bound here.
const app = new wasm.App("hello", {
  artifact: hello.artifact,
  grants: [access.grant],
  target: edge.target,
  bindings: {
    main: {
      environment: {
        GREETING: config.require("greeting"),
        ALLOWED_URL: allowedUrl,
        DENIED_URL: config.require("deniedUrl"),
      },
    },
  },
});

export const url = app.url;
export const report = app.report;
