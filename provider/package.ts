/**
 * What is decided when the package is published, in one place. Publisher, repository and download address are
 * placeholders until then.
 */
import packageJson from "../package.json" with { type: "json" };

export const packageName = "wasm";
export const packageVersion: string = packageJson.version;

export const publication = {
  displayName: "WebAssembly",
  publisher: "pulumi-wasm",
  homepage: "https://example.com/pulumi-wasm",
  repository: "https://example.com/pulumi-wasm.git",
  pluginDownloadURL: "https://example.com/pulumi-wasm/releases",
  license: "Apache-2.0",
  nodePackage: "pulumi-wasm",
  pythonPackage: "pulumi_wasm",
  goImportBase: "example.com/pulumi-wasm/sdk/go/wasm",
  dotnetNamespace: "Pulumi",
} as const;
