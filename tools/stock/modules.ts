/** Modules that use nothing, as the stock tools of each language make them; `test/runtime/stock.test.ts` runs them. */
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { type BuildOptions, kept } from "../kept.ts";
import { inRepository } from "../repository.ts";
import { cacheFolder } from "../toolchain/index.ts";
import { c, go, javaScript, python, type Recipe, rust } from "./languages.ts";

export interface StockModule {
  /** Names it in tests and in the cache. */
  name: string;
  kind: "component" | "core";
  /** A job is a command, which prints its line; a service answers each request with it. */
  run: "job" | "service";
  /** What a job prints and how a service's answer begins, without the end of the line. */
  line: string;
  /** A recipe, or a committed component. */
  from: Recipe | string;
}

const echo = inRepository("test", "fixtures", "guests", "echo.wasm");

export const stockModules: readonly StockModule[] = [
  {
    name: "go",
    kind: "core",
    run: "job",
    line: "hello from Go",
    from: go(),
  },
  { name: "go-memory", kind: "core", run: "job", line: "kept 4000 texts", from: go("./memory") },
  { name: "c", kind: "core", run: "job", line: "hello from C", from: c("cc", "main.c") },
  { name: "c++", kind: "core", run: "job", line: "hello from C++", from: c("c++", "main.cpp") },
  { name: "rust-wasip1", kind: "core", run: "job", line: "hello from Rust", from: rust("wasm32-wasip1") },
  {
    name: "rust-wasip2",
    kind: "component",
    run: "job",
    line: "hello from Rust",
    from: rust("wasm32-wasip2"),
  },
  { name: "rust-handler", kind: "component", run: "service", line: "GET /", from: echo },
  {
    name: "javascript",
    kind: "component",
    run: "job",
    line: "hello from JavaScript",
    from: javaScript("componentize-js", "command.js", "command"),
  },
  {
    name: "javascript-handler",
    kind: "component",
    run: "service",
    line: "hello from JavaScript",
    from: javaScript("componentize-js", "handler.js", "handler"),
  },
  {
    name: "javascript-qjs",
    kind: "component",
    run: "job",
    line: "hello from JavaScript",
    from: javaScript("componentize-qjs", "writing-command.js", "writing-command"),
  },
  { name: "python", kind: "component", run: "job", line: "hello from Python", from: python("command") },
  {
    name: "python-handler",
    kind: "component",
    run: "service",
    line: "hello from Python",
    from: python("handler"),
  },
];

/** Core modules that say what they can reach: arguments, the variable `STOCK_VARIABLE`, the file `/data/stock.txt`. */
export const reachingModules: readonly StockModule[] = [
  { name: "go-reach", kind: "core", run: "job", line: "arguments", from: go("./reach") },
  { name: "c-reach", kind: "core", run: "job", line: "arguments", from: c("cc", "reach.c") },
];

/**
 * The module's file, built on the first call: once for all clones, by the versions of its tools.
 *
 * @throws Unavailable when a tool cannot be had here
 */
export async function stockModule({ name, from }: StockModule, options: BuildOptions): Promise<string> {
  if (typeof from === "string") return from;
  const place = cacheFolder("stock", `${name}-${await from.key(options)}`);
  await kept(place, options, async (folder) => {
    options.log(`${name}: building the stock module (once; it is kept in ${cacheFolder("stock")})`);
    const work = join(folder, "work");
    await from.build(work, join(folder, "module.wasm"), options);
    await rm(work, { recursive: true, force: true });
  });
  return join(place, "module.wasm");
}
