import { chmod, copyFile } from "node:fs/promises";
import { basename, join } from "node:path";
import { inRepository } from "../repository.ts";
import { fileName } from "./path.ts";
import { run } from "./process.ts";
import { type Source, Unavailable } from "./tool.ts";

export interface GoModule {
  /** Folder under `tools/go` with the go.mod and go.sum that pin everything. */
  pin: string;
  /** Import path of the program. */
  package: string;
  ldflags?: string;
  /** Further files of a module that the program needs beside it. */
  files?: { module: string; path: string }[];
}

/** Builds a program from its published Go module, whose content go.sum pins. */
export function goModule(module: GoModule): Source {
  const cwd = inRepository("tools", "go", module.pin);
  // The module decides, not the caller's Go settings.
  const env = { GOWORK: "off", GOFLAGS: "" };
  return {
    name: "building it with Go",
    async obtain({ folder, executable, report, signal }) {
      let packages = 0;
      // Packages are printed bare, everything else in sentences.
      const count = (line: string) => {
        if (line.includes(" ")) return;
        packages += 1;
        report(`building with Go, ${packages} packages`);
      };
      report("building with Go");
      const output = join(folder, fileName(executable));
      const args = [
        "build",
        "-mod=readonly",
        "-buildvcs=false",
        "-v",
        "-ldflags",
        module.ldflags ?? "",
        "-o",
        output,
      ];
      await go([...args, module.package], { cwd, env, signal, onLine: count });
      for (const { module: owner, path } of module.files ?? []) {
        const source = await go(["list", "-mod=readonly", "-m", "-f", "{{.Dir}}", owner], {
          cwd,
          env,
          signal,
        });
        const copy = join(folder, basename(path));
        await copyFile(join(source.trim(), path), copy);
        // Go's module cache keeps no permissions.
        await chmod(copy, 0o755);
      }
    },
  };
}

async function go(args: string[], options: Parameters<typeof run>[2]): Promise<string> {
  const result = await run("go", args, options).catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") throw new Unavailable("go is not on PATH");
    throw error;
  });
  if (result.code !== 0) throw new Unavailable(result.errors.slice(-3).join(" | "));
  return result.stdout;
}
