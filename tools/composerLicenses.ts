import { execFile } from "node:child_process";
import { readdir, readFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import * as z from "zod";
import { TaskError } from "./task.ts";

const metadataSchema = z.object({
  packages: z.array(
    z.object({
      id: z.string(),
      name: z.string(),
      version: z.string(),
      license: z.string().nullable(),
      manifest_path: z.string(),
      targets: z.array(z.object({ kind: z.array(z.string()) })),
    }),
  ),
  resolve: z.object({
    root: z.string(),
    nodes: z.array(
      z.object({
        id: z.string(),
        deps: z.array(
          z.object({ pkg: z.string(), dep_kinds: z.array(z.object({ kind: z.string().nullable() })) }),
        ),
      }),
    ),
  }),
});

type Metadata = z.output<typeof metadataSchema>;
type Crate = Metadata["packages"][number];

/** The licence texts of every crate that went into the composer, as their licences ask for; equal texts once. */
export async function crateLicenses(folder: string): Promise<string> {
  const args = ["metadata", "--format-version=1", "--locked", "--offline", "--filter-platform=wasm32-wasip2"];
  const { stdout } = await promisify(execFile)("cargo", args, { cwd: folder, maxBuffer: 1 << 26 });
  const crates = linked(metadataSchema.parse(JSON.parse(stdout)));
  const byText = new Map<string, string[]>();
  for (const crate of crates) {
    const title = `${crate.name} ${crate.version} (${crate.license ?? "see below"})`;
    for (const text of await textsOf(crate)) byText.set(text, [...(byText.get(text) ?? []), title]);
  }
  const entries = [...byText].map(([text, titles]) => `${titles.join("\n")}\n\n${text.trim()}\n`).sort();
  const all = crates.map(({ name, version, license }) => `${name} ${version} (${license ?? "see below"})`);
  const head = `composer.wasm is made of these crates and of Rust's standard library (MIT OR Apache-2.0):\n\n${all.join("\n")}\n`;
  return [head, ...entries].join(`\n${"-".repeat(80)}\n\n`);
}

/** What ends up in the component: no build scripts, no macros. */
function linked({ packages, resolve }: Metadata): Crate[] {
  const nodes = new Map(resolve.nodes.map((node) => [node.id, node]));
  const byId = new Map(packages.map((crate) => [crate.id, crate]));
  const found = new Set<string>();
  const visit = (id: string) => {
    if (found.has(id) || byId.get(id)?.targets.some(({ kind }) => kind.includes("proc-macro"))) return;
    found.add(id);
    for (const { pkg, dep_kinds } of nodes.get(id)?.deps ?? []) {
      if (dep_kinds.some(({ kind }) => kind === null)) visit(pkg);
    }
  };
  visit(resolve.root);
  found.delete(resolve.root);
  return packages
    .filter(({ id }) => found.has(id))
    .sort((a, b) => (`${a.name} ${a.version}` < `${b.name} ${b.version}` ? -1 : 1));
}

async function textsOf({ name, license, manifest_path }: Crate): Promise<string[]> {
  const folder = dirname(manifest_path);
  const files = (await readdir(folder)).filter((file) => /^(licen[cs]e|notice|copying)/i.test(file)).sort();
  if (files.length === 0 && !license) throw new TaskError(`The crate ${name} says nothing of its licence.`);
  const texts = await Promise.all(files.map((file) => readFile(join(folder, file), "utf8").catch(() => "")));
  return texts.filter((text) => text.trim() !== "");
}
