/** What the tests of Images share: programs, modules that differ by a few bytes, and looks into a registry. */
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { digestOf } from "../../provider/artifacts/digest.ts";
import { guest, Workspace } from "../engine/workspace.ts";

/** Where an Image goes, and what else it is given. */
export interface Wanted {
  host: string;
  /** Default `acme/api`. */
  name?: string;
  /** More inputs of the Image. */
  image?: Record<string, unknown>;
  /** Of the Image. */
  options?: Record<string, unknown>;
  /** Inputs of the Module. Default: the file that `writeModule` writes. */
  module?: Record<string, unknown>;
}

// biome-ignore-start lint/suspicious/noTemplateCurlyInString: YAML programs refer to resources so
/** A Module and an Image of it. */
export function imageProgram({ host, name = "acme/api", image = {}, options, module }: Wanted) {
  const file = { file: { "fn::fileAsset": "api.wasm" } };
  const properties = { artifact: "${api.artifact}", repository: `${host}/${name}`, insecure: true, ...image };
  return {
    resources: {
      api: { type: "wasm:Module", properties: module ?? file },
      image: { type: "wasm:Image", properties, ...(options && { options }) },
    },
    outputs: { ref: "${image.ref}", digest: "${image.digest}", layer: "${api.digest}" },
  };
}
// biome-ignore-end lint/suspicious/noTemplateCurlyInString: as above

/** Writes `api.wasm` beside the program: the guest `echo`, told apart by a custom section. @returns its size */
export async function writeModule(workspace: Workspace, mark: string): Promise<number> {
  const bytes = await markedModule(mark);
  await writeFile(join(workspace.program, "api.wasm"), bytes);
  return bytes.length;
}

export async function markedModule(mark: string, name = "echo"): Promise<Buffer> {
  const section = Buffer.concat([Buffer.from([4]), Buffer.from("mark"), Buffer.from(mark)]);
  return Buffer.concat([await readFile(guest(name)), Buffer.from([0, section.length]), section]);
}

/** A stack with a module and an Image, not yet brought up. */
export async function imageWorkspace(wanted: Wanted, mark = "one"): Promise<Workspace> {
  const workspace = await Workspace.create();
  await writeModule(workspace, mark);
  await workspace.write(imageProgram(wanted));
  return workspace;
}

export interface Seen {
  status: number;
  digest: string;
  type: string;
  json: { [key: string]: unknown };
  bytes: Buffer;
}

/** A manifest as any client gets it. @param url of the registry */
export async function manifestAt(
  url: string,
  name: string,
  reference: string,
  authorization?: string,
): Promise<Seen> {
  const accept = "application/vnd.oci.image.manifest.v1+json, application/vnd.oci.image.index.v1+json";
  const headers = { accept, ...(authorization && { authorization }) };
  const response = await fetch(`${url}/v2/${name}/manifests/${reference}`, { headers });
  const bytes = Buffer.from(await response.arrayBuffer());
  const { status } = response;
  const type = response.headers.get("content-type") ?? "";
  return {
    status,
    digest: digestOf(bytes),
    type,
    bytes,
    json: status === 200 ? JSON.parse(bytes.toString()) : {},
  };
}

/** Tags that people gave; those by which referrers are kept are left out. */
export async function tagsAt(url: string, name: string): Promise<string[]> {
  const response = await fetch(`${url}/v2/${name}/tags/list`);
  if (response.status === 404) return [];
  const { tags } = (await response.json()) as { tags: string[] | null };
  return (tags ?? []).filter((tag) => !tag.startsWith("sha256-")).sort();
}

/** Has a tag name a manifest that is there, as somebody else would. */
export async function moveTag(url: string, name: string, tag: string, reference: string): Promise<void> {
  const { bytes, type } = await manifestAt(url, name, reference);
  const response = await fetch(`${url}/v2/${name}/manifests/${tag}`, {
    method: "PUT",
    headers: { "content-type": type },
    body: new Uint8Array(bytes),
  });
  if (response.status !== 201) throw new Error(`The registry answered ${response.status}.`);
}

export async function deleteManifest(url: string, name: string, digest: string): Promise<void> {
  const response = await fetch(`${url}/v2/${name}/manifests/${digest}`, { method: "DELETE" });
  if (response.status !== 202) throw new Error(`The registry answered ${response.status}.`);
}
