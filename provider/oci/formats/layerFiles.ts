import { posix } from "node:path";
import { type Archive, type Budget, readTar, type TarEntry } from "./tar.ts";
import { shown, shownList, unsupported } from "./unsupported.ts";

export interface Located {
  path: string;
  /** Bytes. */
  size: number;
  isLink: boolean;
  /** The layer that it is in. */
  archive: Archive;
}

/** More names than this are not kept; an image of that many Wasm files or removals is not one module. */
const mostKept = 10_000;

/**
 * What is seen of an image's files from the top layer down: a layer hides what the ones below it have at the same path, and
 * what its whiteouts name (OCI image specification, "Image Layer Filesystem Changeset").
 */
export class LayerFiles {
  readonly #programs: readonly string[];
  readonly #found = new Map<string, Located>();
  readonly #removed = new Set<string>();
  readonly #emptied = new Set<string>();

  /** @param programs the paths that the image's config names */
  constructor(programs: readonly string[]) {
    this.#programs = programs;
  }

  /** Adds the layer below those that were added before. @throws OciError `unsupported` */
  async add(archive: Archive, budget: Budget, signal: AbortSignal): Promise<void> {
    const files = new Map<string, Located>();
    const removed: string[] = [];
    const emptied: string[] = [];
    await readTar(archive, budget, signal, async (entry) => {
      const name = posix.basename(entry.path);
      const folder = posix.dirname(entry.path);
      if (name === ".wh..wh..opq") emptied.push(folder);
      else if (name.startsWith(".wh.")) removed.push(posix.join(folder, name.slice(".wh.".length)));
      else this.#keep(entry, archive, files);
      if (this.#found.size + this.#removed.size + files.size + removed.length + emptied.length > mostKept) {
        throw unsupported(`${archive.name} has more files than the image of a module may have.`);
      }
      return "go on";
    });
    for (const [path, file] of files) {
      if (!this.#isHidden(path)) this.#found.set(path, file);
    }
    for (const path of removed) this.#removed.add(path);
    for (const path of emptied) this.#emptied.add(path);
  }

  /** Whether layers further down cannot change the answer. */
  get isDecided(): boolean {
    const [first] = this.#programs;
    return first !== undefined && this.#found.has(first);
  }

  /** After all layers: the program, else the only Wasm file. @throws OciError `unsupported` */
  module(name: string): Located {
    const program = this.#programs.map((path) => this.#found.get(path)).find((file) => file !== undefined);
    const files = program ? [program] : [...this.#found.values()];
    const [file, ...others] = files;
    if (!file)
      throw unsupported(
        `${name} is an image without a .wasm file. Copy the module into it, or push the module itself.`,
      );
    if (others.length > 0) {
      const paths = shownList(files.map(({ path }) => `/${path}`));
      throw unsupported(
        `${name} is an image of several Wasm files (${paths}), and its entrypoint is none of them. Set the entrypoint to the one that is meant.`,
      );
    }
    if (file.isLink) {
      throw unsupported(`/${shown(file.path)} in ${name} is a link. Copy the file itself into the image.`);
    }
    return file;
  }

  #keep({ path, type, size }: TarEntry, archive: Archive, files: Map<string, Located>): void {
    if (!this.#programs.includes(path) && !/\.wasm$/i.test(path)) return;
    // A later entry of one layer replaces an earlier one.
    files.delete(path);
    if (type !== "other") files.set(path, { path, size, isLink: type === "link", archive });
  }

  #isHidden(path: string): boolean {
    if (this.#found.has(path) || this.#removed.has(path)) return true;
    for (let folder = posix.dirname(path); ; folder = posix.dirname(folder)) {
      if (this.#removed.has(folder) || this.#emptied.has(folder)) return true;
      if (folder === ".") return false;
    }
  }
}
