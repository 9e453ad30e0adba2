/** How a module is made in each language, by its stock tools and with their defaults. */

import { existsSync } from "node:fs";
import { copyFile, cp, readFile } from "node:fs/promises";
import { join } from "node:path";
import { type BuildOptions, hashOf } from "../kept.ts";
import { inRepository } from "../repository.ts";
import { TaskError } from "../task.ts";
import { cacheFolder } from "../toolchain/index.ts";
import { run } from "../toolchain/process.ts";
import { Unavailable } from "../toolchain/tool.ts";
import { npmPackages, runPython, succeed } from "./installed.ts";

/** Makes one module. */
export interface Recipe {
  /** What the module is made of: sources, and the versions of the tools. Equal keys, equal modules. */
  key(options: BuildOptions): Promise<string>;
  /**
   * @param folder for intermediate files, which may stay
   * @param file where the module has to be in the end
   * @throws Unavailable when a tool cannot be had here
   */
  build(folder: string, file: string, options: BuildOptions): Promise<void>;
}

const sources = (language: string) => inRepository("tools", "stock", language);
const storefront = (module: string) => inRepository("examples", "storefront", "modules", module);

/** Go's own compiler, for WASI preview 1; it takes a package by its folder. */
export function go(folder = "."): Recipe {
  const cwd = sources("go");
  // The compiler on PATH, whatever the caller's settings would make of it.
  const env = { GOOS: "wasip1", GOARCH: "wasm", GOTOOLCHAIN: "local", GOFLAGS: "", GOWORK: "off" };
  return {
    async key({ signal }) {
      const { stdout } = await succeed("Go", "go", ["env", "GOVERSION"], { cwd, env, signal });
      return `${stdout.trim()}-${await hashOf([cwd])}`;
    },
    async build(_folder, file, { signal }) {
      const args = ["build", "-trimpath", "-o", file, folder];
      succeeded("Go", await run("go", args, { cwd, env, signal }));
    },
  };
}

/** Rust's own compiler and standard library, as Cargo builds a release. */
export function rust(target: string): Recipe {
  const cwd = sources("rust");
  return {
    async key({ signal }) {
      const version = await succeed("Rust", "rustc", ["--version"], { cwd, signal });
      const sysroot = await succeed("Rust", "rustc", ["--print", "sysroot"], { cwd, signal });
      if (!existsSync(join(sysroot.stdout.trim(), "lib", "rustlib", target))) {
        throw new Unavailable(`Rust lacks the target ${target}: run \`rustup target add ${target}\``);
      }
      return `${version.stdout.split(" ")[1]}-${await hashOf([cwd])}`;
    },
    async build(folder, file, { signal }) {
      const env = { CARGO_TARGET_DIR: folder, RUSTFLAGS: "", CARGO_TERM_COLOR: "never" };
      const args = ["build", "--release", "--locked", "--target", target];
      succeeded("Cargo", await run("cargo", args, { cwd, env, signal }));
      await copyFile(join(folder, target, "release", "stock.wasm"), file);
    },
  };
}

/** Clang with wasi-libc and libc++, which the Zig tool chain brings along. */
export function c(compiler: "cc" | "c++", source: string): Recipe {
  const folder = sources("c");
  return {
    key: () => hashOf([folder], [source, "requirements.txt"]),
    async build(_folder, file, options) {
      const zig = ["-m", "ziglang", compiler, "-target", "wasm32-wasi", "-O2"];
      const cache = cacheFolder("storefront-tools", "zig-cache");
      const env = { ZIG_GLOBAL_CACHE_DIR: cache, ZIG_LOCAL_CACHE_DIR: cache };
      const args = [...zig, join(folder, source), "-o", file];
      succeeded("Zig", await runPython({ name: "ziglang", source: folder, args, env }, options));
    },
  };
}

/** ComponentizeJS (StarlingMonkey) or componentize-qjs (QuickJS), in the versions that the storefront pins. */
export function javaScript(
  tool: "componentize-js" | "componentize-qjs",
  source: string,
  world: string,
): Recipe {
  const folder = sources("javascript");
  const pins = storefront("front");
  return {
    key: () => keyOf([folder, [source, "stock.wit", "componentize.js"]], [pins, ["package-lock.json"]]),
    async build(_folder, file, options) {
      const cwd = await npmPackages("componentize-js", pins, options);
      const wit = join(folder, "stock.wit");
      // Given as text, the script finds its packages from where it runs.
      const script = await readFile(join(folder, "componentize.js"), "utf8");
      const args = ["--input-type=module", "--eval", script, tool, join(folder, source), wit, world, file];
      succeeded(tool, await run(process.execPath, args, { cwd, signal: options.signal }));
    },
  };
}

/** componentize-py, in the version that the storefront pins. */
export function python(world: string): Recipe {
  const folder = sources("python");
  const pins = storefront("validation");
  // The package's own script names the interpreter that installed it by its path, so it is not used.
  const start = "import sys, componentize_py; sys.exit(componentize_py.script())";
  return {
    key: () => keyOf([join(folder, world)], [folder, ["stock.wit"]], [pins, ["requirements.txt"]]),
    async build(work, file, options) {
      // The tool compiles the sources where they are, so it gets a copy.
      const copy = join(work, "sources");
      await cp(join(folder, world), copy, { recursive: true });
      const from = ["--wit-path", join(folder, "stock.wit"), "--world", world];
      const to = ["componentize", "app", "--python-path", copy, "--output", file];
      const args = ["-c", start, "--quiet", ...from, ...to];
      succeeded("componentize-py", await runPython({ name: "componentize-py", source: pins, args }, options));
    },
  };
}

async function keyOf(...parts: [folder: string, only?: string[]][]): Promise<string> {
  const hashes = await Promise.all(parts.map(([folder, only]) => hashOf([folder], only)));
  return hashes.map((hash) => hash.slice(0, 8)).join("-");
}

/** The sources are right, so what fails here is a defect. */
function succeeded(tool: string, { code, errors }: { code: number; errors: string[] }): void {
  if (code !== 0) throw new TaskError(`${tool} does not build the module:\n${errors.join("\n")}`);
}
