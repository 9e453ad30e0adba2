/** A Wasm file in an ordinary image (`FROM scratch`, `COPY app.wasm /`): which file it is, and in which layer. */
import { open } from "node:fs/promises";
import { posix } from "node:path";
import * as z from "zod";
import { formatBytes } from "../../artifacts/errors.ts";
import { classify } from "../../artifacts/header.ts";
import type { Descriptor } from "../descriptor.ts";
import { LayerFiles, type Located } from "./layerFiles.ts";
import { type Pulling, pullDocument, requireSize, type Taken, withFile, withPart } from "./take.ts";
import { type Budget, type Compression, readTar } from "./tar.ts";
import { shown, unsupported } from "./unsupported.ts";

const compressions: Readonly<Record<string, Compression>> = {
  "application/vnd.oci.image.layer.v1.tar": "none",
  "application/vnd.oci.image.layer.v1.tar+gzip": "gzip",
  "application/vnd.oci.image.layer.v1.tar+zstd": "zstd",
  "application/vnd.docker.image.rootfs.diff.tar": "none",
  "application/vnd.docker.image.rootfs.diff.tar.gzip": "gzip",
};

/** @returns undefined where the type is not that of an image's layer */
export function compressionOf(mediaType: string): Compression | undefined {
  return Object.hasOwn(compressions, mediaType) ? compressions[mediaType] : undefined;
}

const words = z.array(z.string()).nullish();
const configSchema = z.looseObject({
  config: z.looseObject({ Entrypoint: words, Cmd: words, WorkingDir: z.string().nullish() }).nullish(),
});

/** Where the image's program can be, by its config: paths relative to the root. */
function programPaths(config: Uint8Array): string[] {
  const parsed = configSchema.safeParse(parseJson(config));
  const { Entrypoint, Cmd, WorkingDir } = (parsed.success && parsed.data.config) || {};
  const [command] = [...(Entrypoint ?? []), ...(Cmd ?? [])];
  // `path#function` calls one function (runwasi).
  const program = command?.split("#", 1)[0];
  if (!program) return [];
  const places = posix.isAbsolute(program) ? ["/"] : [WorkingDir || "/", "/"];
  return [...new Set(places.map((place) => posix.join("/", place, program).slice(1)))];
}

function parseJson(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(Buffer.from(bytes).toString("utf8"));
  } catch {
    return undefined;
  }
}

/** All layers together, packed and unpacked: images of modules have a few files, and what goes beyond is a bomb or a mistake. */
const smallestLimit = 1024 ** 3;
const mostEntries = 100_000;

/** The module in an image, from the top layer down; layers below the one that has it are not sent. */
export async function pullFromImage(
  { config, layers }: { config: Descriptor; layers: readonly Descriptor[] },
  pulling: Pulling,
): Promise<Taken> {
  const { name, maxSize, call } = pulling;
  const bytes = Math.max(smallestLimit, 2 * maxSize);
  requireLayers(layers, bytes, name);
  const files = new LayerFiles(programPaths(await pullDocument(config, pulling)));
  const budget = { bytes, entries: mostEntries };
  return below(layers);

  /** Files of the layers stay until the one with the module has been read. */
  async function below(rest: readonly Descriptor[]): Promise<Taken> {
    const layer = rest.at(-1);
    if (layer === undefined || files.isDecided)
      return extract(files.module(name), { bytes, entries: mostEntries }, pulling);
    return withPart(layer, pulling, async (file) => {
      const compression = compressionOf(layer.mediaType) ?? "none";
      const archive = { file, compression, name: `The layer ${layer.digest} of ${name}` };
      await files.add(archive, budget, call.signal);
      return below(rest.slice(0, -1));
    });
  }
}

function requireLayers(layers: readonly Descriptor[], limit: number, name: string): void {
  const size = layers.reduce((sum, layer) => sum + layer.size, 0);
  if (size <= limit) return;
  throw unsupported(
    `The layers of ${name} have ${formatBytes(size)}; more than ${formatBytes(limit)} are not searched for a module. Publish the module as a Wasm artifact (wkg oci push).`,
  );
}

/** By way of a file: the digest that the store needs is known only when all of it has been read. */
async function extract({ path, size, archive }: Located, budget: Budget, pulling: Pulling): Promise<Taken> {
  const { store, name, maxSize, call } = pulling;
  const module = `/${shown(path)} in ${name}`;
  requireSize(size, module, maxSize);
  return withFile(store, async (file) => {
    await readTar(archive, budget, call.signal, async (entry, content) => {
      if (entry.path !== path || entry.type !== "file") return "go on";
      const handle = await open(file, "w", 0o600);
      try {
        for await (const chunk of content) await handle.writeFile(chunk);
      } finally {
        await handle.close();
      }
      // A later entry of the same path would replace this one.
      return "go on";
    });
    return store.addFile(file, {
      maxSize,
      signal: call.signal,
      accept: (start) => void classify(start, module),
    });
  });
}
