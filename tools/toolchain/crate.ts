import { rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { fileName } from "./path.ts";
import { run } from "./process.ts";
import { type Source, Unavailable } from "./tool.ts";

export interface Crate {
  name: string;
  version: string;
  /** Features instead of the default ones; absent: the default ones. */
  features?: string[];
}

/** Builds a program from its published crate, with the dependencies that its own Cargo.lock pins. */
export function crate({ name, version, features }: Crate): Source {
  const chosen = features ? ["--no-default-features", "--features", features.join(",")] : [];
  const what = [name, "--version", `=${version}`, "--locked", ...chosen];
  return {
    name: "building it with Cargo",
    async obtain({ folder, executable, report, signal }) {
      let crates = 0;
      const count = (line: string) => {
        if (!/^\s*Compiling /.test(line)) return;
        crates += 1;
        report(`building with Cargo, ${crates} crates`);
      };
      report("building with Cargo");
      const work = join(folder, "cargo");
      // The crate decides, not the caller's settings.
      const env = { CARGO_TARGET_DIR: join(work, "target"), RUSTFLAGS: "", CARGO_TERM_COLOR: "never" };
      const args = ["install", ...what, "--no-track", "--root", work];
      await cargo(args, { cwd: folder, env, signal, onLine: count });
      const file = fileName(executable);
      await rename(join(work, "bin", file), join(folder, file));
      await rm(work, { recursive: true });
    },
  };
}

async function cargo(args: string[], options: Parameters<typeof run>[2]): Promise<void> {
  const result = await run("cargo", args, options).catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") throw new Unavailable("cargo is not on PATH");
    throw error;
  });
  if (result.code !== 0) throw new Unavailable(result.errors.slice(-3).join(" | "));
}
