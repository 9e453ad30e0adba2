/** The text that is sealed beside the guards of a module: what they let through. `composer/guards/rules` reads it. */
import type { Rules } from "./rules.ts";
import { ambients } from "./vocabulary.ts";

/** The first field of a text; guards take a text of another format for one that grants nothing. */
export const rulesFormat = "pulumi-wasm rules 1";

/**
 * One line for each rule, sorted by family as `Rules` has them, its fields apart by tabs. The same rules give the same text.
 *
 * @param module the module's name in the composition
 * @param isShared whether other modules share the host's environment: then the module's keys have its name before them there
 */
export function rulesText(module: string, rules: Rules, isShared: boolean): string {
  const labels = ["keyValue", "blobs", "messaging", "sql", "calls", "interfaces"] as const;
  const keys = (family: "environment" | "config") =>
    rules[family].map((key) => [family, key, hostKey(family, module, key, isShared)]);
  const lines: string[][] = [
    [rulesFormat, module],
    ...rules.http.map(({ scheme, host, port }) => ["http", `${scheme}://${host}:${port}`]),
    ...rules.sockets.map(({ host, protocol, ports }) => [
      "sockets",
      protocol,
      host,
      ports.map(({ from, to }) => `${from}-${to}`).join(","),
    ]),
    ...rules.nameLookup.map((name) => ["nameLookup", name]),
    ...rules.filesystem.map(({ access, path, volume }) => ["filesystem", access, path, volume]),
    ...keys("environment"),
    ...keys("config"),
    ...labels.flatMap((family) => rules[family].map((label) => [family, label])),
    ...ambients.filter((family) => rules.ambient[family]).map((family) => ["ambient", family]),
  ];
  return lines.map((fields) => `${fields.join("\t")}\n`).join("");
}

/**
 * What the host calls a module's key: with the module's name before it, where several modules share one environment.
 * `KEY` of `my-api` is `MY_API__KEY` in the environment. In configuration `key` is `my_api_0_key`, because Spin's variables
 * have lower-case letters, digits and single underscores only. No two keys meet: of a module's words each one begins with a
 * letter, so the first `__`, and the first `_0_`, ends the module's name.
 */
export function hostKey(
  family: "environment" | "config",
  module: string,
  key: string,
  isShared: boolean,
): string {
  if (!isShared) return key;
  const words = module.replaceAll("-", "_");
  return family === "environment" ? `${words.toUpperCase()}__${key}` : `${words}_0_${key}`;
}
