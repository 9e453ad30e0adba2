import * as pulumi from "@pulumi/pulumi";
import * as wasm from "pulumi-wasm";

const config = new pulumi.Config();

// The bytes, one Module for each team. Preview reads them and shows what they import.
const loaded = (name: string) =>
  new wasm.Module(name, { file: new pulumi.asset.FileAsset(`modules/${name}.wasm`) });
const front = loaded("front"); // JavaScript
const auth = loaded("auth"); // Rust
const validation = loaded("validation"); // Python
const images = loaded("images"); // Rust

// Wired by WIT: `front` imports what each of the others exports. Types are compared in preview. None of them needs a
// grant: the host gives them requests to answer, a clock and a place for diagnostics, and nothing else.
const shop = new wasm.Composition("shop", {
  modules: {
    front: { artifact: front.artifact },
    auth: { artifact: auth.artifact },
    validation: { artifact: validation.artifact },
    images: { artifact: images.artifact },
  },
});

// Where it runs: on this machine, unless the stack's configuration says otherwise.
const edge = new wasm.EdgeTarget("edge", config.getObject<wasm.EdgeTargetArgs>("target") ?? { local: {} });

const app = new wasm.App("storefront", { artifact: shop.artifact, target: edge.target });

export const url = app.url;
export const report = app.report;
