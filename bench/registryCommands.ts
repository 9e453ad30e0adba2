/** Pushes and pulls as whole commands, from the start of a process to its end. */
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { nodeFlags } from "../tools/build/launcher.ts";
import { bundle } from "./bundle.ts";
import type { Figure } from "./figures.ts";
import { interleave, timed } from "./measure.ts";
import { megabytes } from "./processes.ts";
import {
  artifactSize,
  besideOthers,
  goals,
  type Others,
  type SourceFile,
  type SourceFiles,
  succeed,
} from "./registryOthers.ts";

const rounds = 15;

export interface RegistryPlace {
  host: string;
  folder: string;
  /** The plugin's script. */
  plugin: string;
  others: Others;
  files: SourceFiles;
  /** An artifact in the registry that all of them can pull. */
  reference: string;
}

/** A command of nothing but our client, which nobody runs: it shows what starting and loading cost. */
export async function asCommands({
  host,
  folder,
  others,
  files,
  reference,
}: RegistryPlace): Promise<Figure[]> {
  const script = await bundle(new URL("./registryCommand.ts", import.meta.url), folder);
  const peaks: number[] = [];
  const own = async (...args: string[]) => {
    let printed = "";
    const time = await timed(async () => {
      printed = await succeed(process.execPath, [...nodeFlags, script, ...args]);
    });
    peaks.push(Number(printed));
    return time;
  };
  const pushed = await interleave(rounds, {
    own: () => files.with(({ path }) => own("push", path, `${host}/bench/command`)),
    oras: () => files.with((file: SourceFile) => others.push("oras", file)),
    wkg: () => files.with((file: SourceFile) => others.push("wkg", file)),
  });
  const store = join(folder, "command");
  const pulled = await interleave(rounds, {
    own: async () => {
      const time = await own("pull", reference, store);
      await rm(store, { recursive: true });
      return time;
    },
    oras: () => others.pull("oras", reference),
    wkg: () => others.pull("wkg", reference),
  });
  return [
    ...besideOthers(`Pushing ${artifactSize}, a command of our client`, pushed.own, pushed, goals.times),
    ...besideOthers(`Pulling ${artifactSize}, a command of our client`, pulled.own, pulled, goals.times),
    {
      name: "Most memory that such a command held",
      value: megabytes(Math.max(...peaks)),
      unit: "MB",
      atMost: goals.megabytes,
    },
  ];
}
