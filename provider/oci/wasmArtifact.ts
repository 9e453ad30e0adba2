/**
 * One Wasm component or core module as an OCI artifact, in the layout of the CNCF's Wasm working group ("Wasm OCI Artifact
 * layout": a manifest, a configuration, one layer). Pure functions: the same input gives the same bytes on every machine.
 */
import { digestOf } from "../artifacts/digest.ts";
import type { Inspection } from "../artifacts/inspection.ts";
import { mediaTypes } from "./descriptor.ts";
import type { ImageContent } from "./push.ts";

export const wasmConfigType = "application/vnd.wasm.config.v0+json";
export const wasmLayerType = "application/wasm";

/** The layout requires a time. The real one would be another digest with each push. */
const created = "1970-01-01T00:00:00Z";

export type ArtifactContent = Pick<Inspection, "digest" | "size" | "kind" | "imports" | "exports">;

/** @param annotations of the manifest, as they are given: nothing is added to them */
export function wasmArtifact(
  content: ArtifactContent,
  annotations: Readonly<Record<string, string>> = {},
): ImageContent {
  const { digest, size, kind } = content;
  const config = encode(configOf(content));
  const configDigest = digestOf(config);
  const given = sorted(annotations);
  const manifest = encode({
    schemaVersion: 2,
    mediaType: mediaTypes.manifest,
    config: { mediaType: wasmConfigType, digest: configDigest, size: config.length },
    layers: [
      {
        mediaType: wasmLayerType,
        digest,
        size,
        // Clients that write layers to files, such as `oras pull`, leave out those without a title.
        annotations: { "org.opencontainers.image.title": kind === "core" ? "module.wasm" : "component.wasm" },
      },
    ],
    ...(Object.keys(given).length > 0 && { annotations: given }),
  });
  return {
    manifest: { mediaType: mediaTypes.manifest, digest: digestOf(manifest), bytes: manifest },
    blobs: [
      { digest, size },
      { digest: configDigest, size: config.length, bytes: config },
    ],
  };
}

function configOf({ digest, kind, imports, exports }: ArtifactContent) {
  const common = { created, architecture: "wasm" };
  if (kind === "core") return { ...common, os: "wasip1", layerDigests: [digest] };
  const names = { exports: exports.map(externName), imports: imports.map(externName) };
  const target = worldOf(names);
  return {
    ...common,
    os: "wasip2",
    layerDigests: [digest],
    component: { ...names, ...(target !== undefined && { target }) },
  };
}

/** The name alone: an inspection also says the interface that a plain name stands for (`cache: wasi:keyvalue/store@…`). */
function externName(inspected: string): string {
  return inspected.split(": ", 1)[0] ?? inspected;
}

/** Worlds of WASI 0.2 by the one export that they ask for, with all that they offer. */
const worlds = [
  {
    name: "wasi:http/proxy",
    exports: "wasi:http/incoming-handler",
    imports:
      /^wasi:(http\/(types|outgoing-handler)|io\/\w+|clocks\/(monotonic|wall)-clock|random\/random|cli\/std(in|out|err))$/,
  },
  {
    name: "wasi:cli/command",
    exports: "wasi:cli/run",
    imports: /^wasi:(cli|io|clocks|random|filesystem|sockets)\/[\w-]+$/,
  },
];

/** The world that a component is plainly made for: metadata, left out where versions differ or anything goes beyond it. */
function worldOf({ imports, exports }: { imports: string[]; exports: string[] }): string | undefined {
  const [only = "", ...others] = exports;
  const [name, version] = parts(only);
  const world = worlds.find((known) => known.exports === name);
  if (!world || others.length > 0 || !version?.startsWith("0.2.")) return undefined;
  const fits = imports.map(parts).every(([wanted, own]) => own === version && world.imports.test(wanted));
  return fits ? `${world.name}@${version}` : undefined;
}

function parts(full: string): [name: string, version: string | undefined] {
  const [name = full, version] = full.split("@");
  return [name, version];
}

/** By code units, which no locale changes. */
function sorted(record: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(record).sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** Without spaces, in the order in which the properties are written above. */
function encode(value: unknown): Uint8Array {
  return Buffer.from(JSON.stringify(value));
}
