/**
 * Loaded into the plugin's process before the plugin (`node --import`): writes what the processes that it starts do,
 * which are its parsers, to the file that BENCH_PARSER_FILE names. At once, so that it is there before the plugin's own
 * answer. No other request than Check is made of such a plugin.
 */
import type { ChildProcess } from "node:child_process";
import { subscribe } from "node:diagnostics_channel";
import { appendFileSync } from "node:fs";
import type { ParserEvent } from "./parser.ts";

const file = process.env.BENCH_PARSER_FILE ?? "";
const write = (event: ParserEvent) => appendFileSync(file, `${event}\n`);

subscribe("child_process", (message) => {
  const { process: parser } = message as { process: ChildProcess };
  const pid = () => parser.pid ?? 0;
  parser.once("spawn", () => write(`started ${pid()}`));
  parser.on("message", () => write(`answered ${pid()}`));
  parser.once("exit", () => write(`ended ${pid()}`));
});
