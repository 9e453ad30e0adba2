import * as pulumi from "@pulumi/pulumi";
import * as wasm from "pulumi-wasm";

const config = new pulumi.Config();
const notesUrl = config.require("notesUrl");

// `api` is ours; `markdown` is a library, which is handed a text and gives a page.
const loaded = (name: string) =>
  new wasm.Module(name, { file: new pulumi.asset.FileAsset(`modules/${name}.wasm`) });
const api = loaded("api");
const markdown = loaded("markdown");

// One server, and two keys. What is not here, no module may.
const notes = new wasm.CapabilityGrant("notes", {
  http: [new URL(notesUrl).origin],
  environment: ["NOTES_URL", "NOTES_KEY"],
});

// One component. The library's requests are denied by name: it asks for them, and nobody knows what for.
const pages = new wasm.Composition("pages", {
  modules: {
    api: { artifact: api.artifact, grants: [notes.grant] },
    markdown: { artifact: markdown.artifact, denied: ["wasi:http/outgoing-handler"] },
  },
});

const edge = new wasm.EdgeTarget("edge", { local: {} });

const app = new wasm.App("pages", {
  artifact: pages.artifact,
  target: edge.target,
  bindings: { api: { environment: { NOTES_URL: notesUrl, NOTES_KEY: config.requireSecret("notesKey") } } },
});

export const url = app.url;
export const report = app.report;
export const digest = pages.digest;
// What the bytes themselves say of it.
export const sealed = wasm
  .inspectOutput({ artifact: pages.artifact })
  .apply((found) =>
    found.sealed?.map(({ module, grants, guards, denied }) => ({ module, grants, guards, denied })),
  );
