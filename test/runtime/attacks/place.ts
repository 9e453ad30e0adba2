/** What attacks are after: servers, files, and texts that show by their presence what was reached. */
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Ports } from "../ports.ts";
import { datagramListener, type Listener, streamListener } from "./servers.ts";

/** By the name of the target that has it. */
const texts = {
  "the data": "text-of-data",
  "the secret": "text-of-secret",
  "GRANTED's value": "value-of-granted",
  "OTHER's value": "value-of-other",
  "front's value": "value-of-front",
  "back's value": "value-of-back",
  "the arguments": "text-of-an-argument",
  "api__greeting's value": "hello",
  "HOME's value": "/home/host",
};

/** The host's environment and configuration, in every world. */
export const hostValues: Record<string, string> = {
  GRANTED: texts["GRANTED's value"],
  OTHER: texts["OTHER's value"],
  FRONT__KEY: texts["front's value"],
  BACK__KEY: texts["back's value"],
};

export const hostArguments = [texts["the arguments"]];

/** What shows in an answer that something else was reached. */
const signs: [target: string, sign: RegExp][] = [
  // One that stands still may begin with 1.
  ["a clock", /^(wall 0*[1-9]|monotonic \d{2})/m],
  ["random bytes", /^(?!0+$)[0-9a-f]{32}$/m],
  ["a look-up", /^address: ok /m],
  ["a listening socket", /^listen: ok$/m],
  ["the store", /host: (config|keyvalue|blobs|messaging) /],
];

const folders = ["data", "more", "secret"];

export class Place {
  /** A folder that holds `data`, `more` and `secret`. */
  readonly root = realpathSync(mkdtempSync(join(tmpdir(), "pulumi-wasm-attacks-")));
  /** What `{web}` and the like stand for. */
  readonly ports: Record<string, number> = {};
  private readonly listeners: Listener[] = [];
  private before: Record<string, string> = {};

  /** @param ports of its servers */
  static async open(ports: Ports): Promise<Place> {
    const place = new Place();
    for (const name of ["web", "other"]) {
      await place.listen(name, ports, (target, at) => streamListener(target, "http", at));
    }
    for (const name of ["tcp", "tcp2"]) {
      await place.listen(name, ports, (target, at) => streamListener(target, "echo", at));
    }
    for (const name of ["udp", "udp2"]) await place.listen(name, ports, datagramListener, ["127.0.0.2"]);
    for (const folder of [...folders, "data/sub"]) mkdirSync(join(place.root, folder));
    return place;
  }

  /** The same port on several addresses, of which the first is `name`, and the others are `name, elsewhere`. */
  private async listen(
    name: string,
    ports: Ports,
    make: (target: string, at: { host: string; port: number }) => Promise<Listener>,
    others = ["127.0.0.2", "::1"],
  ): Promise<void> {
    const first = await ports((port) => make(name, { host: "127.0.0.1", port }));
    this.ports[name] = first.port;
    // Not every machine has them all.
    const more = others.map((host) =>
      make(`${name}, elsewhere`, { host, port: first.port }).catch(() => undefined),
    );
    this.listeners.push(first, ...(await Promise.all(more)).filter((listener) => listener !== undefined));
  }

  fill(text: string): string {
    return text.replace(/\{(\w+)\}/g, (all, name: string) => String(this.ports[name] ?? all));
  }

  /** Puts everything as it was. Folders stay the same: runtimes hold them open. */
  reset(): void {
    const now = this.trees();
    if (folders.every((folder) => now[folder] === this.before[folder])) return;
    for (const folder of ["data/sub", ...folders]) this.empty(folder);
    mkdirSync(join(this.root, "data/sub/deep"));
    mkdirSync(join(this.root, "data/empty"));
    for (const path of ["data/file", "data/sub/file", "data/sub/deep/file", "more/file"]) {
      writeFileSync(join(this.root, path), texts["the data"]);
    }
    writeFileSync(join(this.root, "secret/file"), texts["the secret"]);
    symlinkSync("../secret", join(this.root, "data/relative"));
    symlinkSync(join(this.root, "secret"), join(this.root, "data/absolute"));
    symlinkSync("../secret/file", join(this.root, "data/to-file"));
    symlinkSync("sub", join(this.root, "data/within"));
    this.before = this.trees();
  }

  private empty(folder: string): void {
    for (const name of readdirSync(join(this.root, folder))) {
      if (name !== "sub") rmSync(join(this.root, folder, name), { recursive: true });
    }
  }

  /** Names of what was reached since the reset, sorted; `said` is what the guest and its runtime said. */
  async reached(said: string): Promise<string[]> {
    const reached = Object.entries(texts).flatMap(([name, text]) => (said.includes(text) ? [name] : []));
    for (const [name, sign] of signs) if (sign.test(said)) reached.push(name);
    for (const listener of this.listeners) if ((await listener.take()) > 0) reached.push(listener.target);
    const now = this.trees();
    for (const folder of folders) if (now[folder] !== this.before[folder]) reached.push(`${folder} changed`);
    return [...new Set(reached)].sort();
  }

  close(): void {
    for (const listener of this.listeners) listener.close();
    rmSync(this.root, { recursive: true });
  }

  /** What each folder holds, as one text. */
  private trees(): Record<string, string> {
    return Object.fromEntries(folders.map((name) => [name, treeOf(join(this.root, name))]));
  }
}

function treeOf(folder: string): string {
  const entries = readdirSync(folder, { withFileTypes: true }).map((entry) => {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) return `${entry.name}/(${treeOf(path)})`;
    if (!entry.isFile()) return entry.name;
    const { mtimeMs, nlink } = statSync(path);
    return `${entry.name}=${readFileSync(path, "utf8")} ${mtimeMs} ${nlink}`;
  });
  return entries.sort().join();
}
