/** The layout of what is pushed, held against the text of the CNCF's Wasm working group, and its independence of the machine. */
import { describe, expect, it } from "vitest";
import { type Digest, digestOf } from "../../provider/artifacts/digest.ts";
import { type ArtifactContent, wasmArtifact } from "../../provider/oci/wasmArtifact.ts";

const digest: Digest = `sha256:${"ab".repeat(32)}`;
const component: ArtifactContent = {
  digest,
  size: 146992,
  kind: "component",
  imports: ["cache: wasi:keyvalue/store@0.2.0-draft", "log", "wasi:http/types@0.2.3"],
  exports: ["wasi:http/incoming-handler@0.2.3"],
};

function documents(content: ArtifactContent, annotations?: Record<string, string>) {
  const { manifest, blobs } = wasmArtifact(content, annotations);
  const config = blobs[1]?.bytes ?? new Uint8Array();
  const json = (bytes: Uint8Array) => JSON.parse(Buffer.from(bytes).toString()) as Record<string, unknown>;
  return {
    manifest: json(manifest.bytes),
    config: json(config),
    bytes: { manifest: manifest.bytes, config },
  };
}

describe("the artifact of a component", () => {
  it("has one layer, and a configuration that names it", () => {
    const { manifest, config, bytes } = documents(component);
    expect(manifest).toEqual({
      schemaVersion: 2,
      mediaType: "application/vnd.oci.image.manifest.v1+json",
      config: {
        mediaType: "application/vnd.wasm.config.v0+json",
        digest: digestOf(bytes.config),
        size: bytes.config.length,
      },
      layers: [
        {
          mediaType: "application/wasm",
          digest,
          size: 146992,
          annotations: { "org.opencontainers.image.title": "component.wasm" },
        },
      ],
    });
    expect(config).toEqual({
      created: "1970-01-01T00:00:00Z",
      architecture: "wasm",
      os: "wasip2",
      layerDigests: [digest],
      component: {
        exports: ["wasi:http/incoming-handler@0.2.3"],
        imports: ["cache", "log", "wasi:http/types@0.2.3"],
      },
    });
  });

  it("is named by the digest of its manifest, and brings along what the store does not have", () => {
    const { manifest, blobs } = wasmArtifact(component);
    expect(manifest.digest).toBe(digestOf(manifest.bytes));
    expect(blobs).toEqual([
      { digest, size: 146992 },
      {
        digest: digestOf(blobs[1]?.bytes ?? new Uint8Array()),
        size: blobs[1]?.bytes?.length,
        bytes: blobs[1]?.bytes,
      },
    ]);
  });

  it("has the annotations that are given and no others, in whatever order they are given", () => {
    const first = documents(component, { b: "2", a: "1", ä: "3", B: "4" });
    const second = documents(component, { ä: "3", B: "4", a: "1", b: "2" });
    expect(first.bytes).toEqual(second.bytes);
    expect(Object.entries(first.manifest.annotations as object)).toEqual([
      ["B", "4"],
      ["a", "1"],
      ["b", "2"],
      ["ä", "3"],
    ]);
    expect(documents(component, {}).manifest).not.toHaveProperty("annotations");
  });

  it("does not change from one release to the next: clusters would restart what nobody changed", () => {
    expect(wasmArtifact(component, { "org.opencontainers.image.revision": "0123abc" }).manifest.digest).toBe(
      "sha256:491b99fae8bf1d35ad64a880db0728913c15b5f6d5e82ce210254e101edf84e4",
    );
  });
});

describe("the world that a component is made for", () => {
  const target = (imports: string[], exports: string[]) =>
    (documents({ ...component, imports, exports }).config.component as { target?: string }).target;

  it.each([
    ["a handler", ["wasi:http/types@0.2.3", "wasi:io/streams@0.2.3"], ["wasi:http/incoming-handler@0.2.3"], "wasi:http/proxy@0.2.3"],
    ["a command", ["wasi:filesystem/types@0.2.0"], ["wasi:cli/run@0.2.0"], "wasi:cli/command@0.2.0"],
    ["a handler that asks for more", ["wasi:filesystem/types@0.2.3"], ["wasi:http/incoming-handler@0.2.3"], undefined],
    ["a handler and a command", [], ["wasi:cli/run@0.2.0", "wasi:http/incoming-handler@0.2.0"], undefined],
    ["a handler with imports of a later version", ["wasi:io/poll@0.2.6"], ["wasi:http/incoming-handler@0.2.3"], undefined],
    ["a handler of WASI 0.3", [], ["wasi:http/handler@0.3.0"], undefined],
    ["a library", [], ["acme:auth/check@1.0.0"], undefined],
  ])("of %s", (_what, imports, exports, world) => expect(target(imports, exports)).toBe(world)); // biome-ignore format: a table
});

it("has no list of imports for a core module, whose names are none of WIT", () => {
  const { manifest, config } = documents({
    ...component,
    kind: "core",
    imports: ["env#log"],
    exports: ["run"],
  });
  expect(config).toEqual({
    created: "1970-01-01T00:00:00Z",
    architecture: "wasm",
    os: "wasip1",
    layerDigests: [digest],
  });
  expect(manifest.layers).toMatchObject([
    { annotations: { "org.opencontainers.image.title": "module.wasm" } },
  ]);
});
