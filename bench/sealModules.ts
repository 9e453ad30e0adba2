/** What is sealed in the benchmarks: modules, grants, and compositions of them. */
import { readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { componentEmbed, componentNew } from "@bytecodealliance/jco-transpile/wasm-tools";
import { moduleArtifact } from "../provider/artifacts/artifact.ts";
import type { CompositionModule, CompositionSpec } from "../provider/artifacts/compose/index.ts";
import { encodeGrant, grantOf } from "../provider/capabilities/grant.ts";
import { inRepository } from "../tools/repository.ts";
import type { Place } from "./compose.ts";

/** What the libraries of JavaScript's and Python's tool chains import, beside what needs no grant. */
export const stockImports = {
  "wasi:cli": ["environment"],
  "wasi:filesystem": ["types", "preopens"],
  "wasi:http": ["outgoing-handler"],
  "wasi:sockets": [
    "network",
    "instance-network",
    "tcp",
    "tcp-create-socket",
    "udp",
    "udp-create-socket",
    "ip-name-lookup",
  ],
};

/** What `access` says of a module that has this one grant. */
export function granted(inputs: object): { grants: string[] } {
  return { grants: [encodeGrant(grantOf("grant", inputs))] };
}

/** One http origin and one key: what many modules have, and nothing else. */
export const httpAndEnvironment = { http: ["https://api.example.com"], environment: ["GREETING"] };

/** Full names of the interfaces, in the version that guards know. */
export function fullNames(packages: Partial<typeof stockImports>): string[] {
  return Object.entries(packages).flatMap(([name, items]) => items.map((item) => `${name}/${item}@0.2.0`));
}

/** A component that traps when it is called: `lines` of its world, and packages beside those of WASI. */
export async function dummy(lines: readonly string[], packages = ""): Promise<Buffer> {
  const witSource = `package bench:module; world w { ${lines.join(" ")} } ${packages} ${await wasi()}`;
  return Buffer.from(await componentNew(await componentEmbed({ witSource, world: "w", dummy: true })));
}

/** The packages of WASI that guards are built against, as one text. */
async function wasi(): Promise<string> {
  const folder = inRepository("composer/guards/wit/deps");
  const files = ["cli", "clocks", "filesystem", "http", "io", "sockets"].map((name) => `${name}.wit`);
  const known = (await readdir(folder)).filter((name) => files.includes(name));
  const texts = await Promise.all(known.map((name) => readFile(join(folder, name), "utf8")));
  return texts.map((text) => `${text.replace(/^package ([^;]+);/m, "package $1 {")} }`).join("\n");
}

export async function addModule(place: Place, bytes: Uint8Array): Promise<CompositionModule> {
  const { digest } = await place.store.addBytes(bytes);
  return { artifact: moduleArtifact(digest, "component") };
}

/** One of `bench/guests`, which `tools/guests.ts` builds. */
export async function addGuest(place: Place, name: string): Promise<CompositionModule> {
  return addModule(place, await readFile(inRepository(`bench/guests/${name}.wasm`)));
}

/** Composes into a file of that name, whose path it resolves to. */
export async function composeTo(file: string, place: Place, spec: CompositionSpec): Promise<string> {
  const { digest } = await place.composer.compose(spec);
  await writeFile(file, await place.store.read(digest));
  return file;
}
