/** What the plugin's parser does, seen from outside: the plugin runs with watchParser.ts in its process. */
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { pathToFileURL } from "node:url";
import { taskSignal } from "../tools/task.ts";
import { bundle } from "./bundle.ts";

const limitMs = 30_000;
const pauseMs = 50;

/** One line of the file that the watcher writes. */
export type ParserEvent = `started ${number}` | `answered ${number}` | `ended ${number}`;

/** Watches the parsers of one plugin process. */
export class ParserWatch {
  readonly #file: string;
  /** With which a plugin is to be started. */
  readonly nodeArguments: string[];
  readonly env: Record<string, string>;

  private constructor(file: string, watcher: string) {
    this.#file = file;
    this.nodeArguments = ["--import", pathToFileURL(watcher).href];
    this.env = { BENCH_PARSER_FILE: file };
  }

  static async create(folder: string): Promise<ParserWatch> {
    const file = join(folder, "parser.log");
    await writeFile(file, "");
    const watcher = await bundle(new URL("./watchParser.ts", import.meta.url), folder);
    return new ParserWatch(file, watcher);
  }

  /** Modules that have been parsed so far. What a Check had parsed is counted when it has been answered. */
  async inspections(): Promise<number> {
    return (await this.#pids("answered")).length;
  }

  /** Process ids of the parsers that are there. */
  async parsers(): Promise<number[]> {
    const ended = await this.#pids("ended");
    return (await this.#pids("started")).filter((pid) => !ended.includes(pid));
  }

  /** Resolves when no parser is left; one ends when it has had nothing to do for a while. */
  async noParser(): Promise<void> {
    const signal = AbortSignal.any([taskSignal, AbortSignal.timeout(limitMs)]);
    while ((await this.parsers()).length > 0) await delay(pauseMs, undefined, { signal });
  }

  async #pids(event: string): Promise<number[]> {
    const lines = (await readFile(this.#file, "utf8")).split("\n").map((line) => line.split(" "));
    return lines.filter(([name]) => name === event).map(([, pid]) => Number(pid));
  }
}
