import { homedir } from "node:os";
import { isAbsolute, join } from "node:path";
import { taskSignal } from "../task.ts";
import { tools } from "./table.ts";
import { Toolchain } from "./toolchain.ts";

export type ToolName = keyof typeof tools;

/** Where what takes long to make is kept, for all clones: `pulumi-wasm` in the user's cache folder (XDG). */
export function cacheFolder(...segments: string[]): string {
  const base = process.env.XDG_CACHE_HOME;
  // The specification has relative paths ignored.
  const root = base && isAbsolute(base) ? base : join(homedir(), ".cache");
  return join(root, "pulumi-wasm", ...segments);
}

const toolchain = new Toolchain(tools, {
  cache: cacheFolder("tools"),
  log: (line) => console.error(line),
  signal: taskSignal,
});

/** The absolute path of a pinned tool, which is obtained first when it is missing. */
export function tool(name: ToolName): Promise<string> {
  return toolchain.tool(name);
}

/** A value for PATH with these tools on it, which are obtained first when they are missing. */
export function toolPath(names: ToolName[]): Promise<string> {
  return toolchain.toolPath(names);
}
