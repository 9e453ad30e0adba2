/** Which of the forms that modules are published in a manifest has. */
import {
  type Descriptor,
  type ImageManifest,
  indexSchema,
  manifestSchema,
  mediaTypes,
} from "../descriptor.ts";
import type { Manifest } from "../repository.ts";
import { compressionOf } from "./image.ts";
import { lockedAppType } from "./spin.ts";
import { shown, shownList, unsupported } from "./unsupported.ts";

/**
 * Layers that are one module, as it is:
 *
 * - `application/wasm`: the Wasm artifact of the CNCF (TAG Runtime, "Wasm OCI Artifact layout")
 * - `…bytecodealliance…`: what the tools of the Bytecode Alliance wrote before that
 * - `…content.layer…`: Spin and wasm-to-oci; `…module…`: wasmCloud, Istio and others
 */
const moduleLayers = new Set([
  "application/wasm",
  "application/vnd.bytecodealliance.wasm.component.layer.v0+wasm",
  "application/vnd.wasm.content.layer.v1+wasm",
  "application/vnd.module.wasm.content.layer.v1+wasm",
]);

export type Format =
  | { kind: "module"; config: Descriptor; layer: Descriptor }
  | { kind: "spin"; app: Descriptor; layers: readonly Descriptor[] }
  | { kind: "image"; config: Descriptor; layers: readonly Descriptor[] };

const publish =
  "Publish the module as a Wasm artifact: one layer of the type application/wasm (wkg oci push)";

/**
 * @param name how messages call the artifact
 * @throws OciError `unsupported`, which says what the artifact is and what to do
 */
export function formatOf(manifest: Manifest, name: string): Format {
  const { config, layers } = imageManifest(manifest, name);
  const app = layers.find(({ mediaType }) => mediaType === lockedAppType);
  if (app) return { kind: "spin", app, layers };
  const [first, ...others] = layers;
  if (!first) throw unsupported(`${name} has no layers, so there is no module in it. ${publish}.`);
  if (layers.some(({ mediaType }) => moduleLayers.has(mediaType))) {
    if (others.length === 0) return { kind: "module", config, layer: first };
    const types = shownList(layers.map(({ mediaType }) => mediaType));
    throw unsupported(
      `${name} has ${layers.length} layers (${types}), and a module is exactly one. ${publish} of its own.`,
    );
  }
  const unknown = layers.filter(({ mediaType }) => compressionOf(mediaType) === undefined);
  if (unknown.length === 0) return { kind: "image", config, layers };
  const types = shownList([...new Set(unknown.map(({ mediaType }) => mediaType))]);
  throw unsupported(`${name} has layers of a type that holds no module: ${types}. ${publish}.`);
}

function imageManifest({ mediaType, bytes }: Manifest, name: string): ImageManifest {
  const content = json(bytes);
  if (isIndex(mediaType) || isIndex(mediaTypeOf(content))) throw unsupported(indexMessage(content, name));
  const parsed = manifestSchema.safeParse(content);
  if (parsed.success) return parsed.data;
  throw unsupported(
    `${name} is not an image manifest of OCI or Docker (its type is ${shown(mediaType)}). ${publish}.`,
  );
}

function isIndex(mediaType: string | undefined): boolean {
  return mediaType === mediaTypes.index || mediaType === mediaTypes.dockerIndex;
}

function mediaTypeOf(content: unknown): string | undefined {
  return typeof content === "object" && content !== null && "mediaType" in content
    ? String(content.mediaType)
    : undefined;
}

function json(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(Buffer.from(bytes).toString("utf8"));
  } catch {
    return undefined;
  }
}

/** A list of images for several platforms: which of them is meant, nobody but the user knows. */
function indexMessage(content: unknown, name: string): string {
  const parsed = indexSchema.safeParse(content);
  const manifests = parsed.success ? parsed.data.manifests : [];
  const lines = manifests.slice(0, 20).map((manifest) => `\n  ${manifest.digest}${platformOf(manifest)}`);
  const choice = lines.length > 0 ? ` Give one of these by its digest:${lines.join("")}` : "";
  return `${name} is an index, a list of manifests, and not one artifact.${choice}`;
}

function platformOf({ platform }: Descriptor): string {
  if (typeof platform !== "object" || platform === null) return "";
  const { os, architecture } = platform as { os?: unknown; architecture?: unknown };
  return ` (${shown(`${String(os)}/${String(architecture)}`)})`;
}
