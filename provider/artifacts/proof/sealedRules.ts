/** The rules that are sealed beside guards, read back from their text. */
import { noRules } from "../../capabilities/lattice.ts";
import type { Rules } from "../../capabilities/rules.ts";
import { rulesFormat } from "../../capabilities/rulesText.ts";
import { ambients } from "../../capabilities/vocabulary.ts";

export interface SealedRules {
  /** The module's name in the composition. */
  module: string;
  rules: Rules;
  /** What the host calls the module's keys, by the names that the module has for them. */
  hostKeys: { environment: Record<string, string>; config: Record<string, string> };
}

const labels = [
  "nameLookup",
  "keyValue",
  "blobs",
  "messaging",
  "sql",
  "calls",
  "interfaces",
] as const satisfies (keyof Rules)[];

/**
 * One rule in each line, its fields apart by tabs; the first line has the format and the module.
 *
 * @throws Error for a text of another format, or with a line that is not known: nothing is guessed about permissions
 */
export function parseSealedRules(text: string): SealedRules {
  if (!text.endsWith("\n")) throw new Error("the rules do not end with a line");
  const [head = [], ...lines] = text
    .slice(0, -1)
    .split("\n")
    .map((line) => line.split("\t"));
  const [, module] = head;
  if (head[0] !== rulesFormat || module === undefined || head.length !== 2)
    throw new Error("rules of another format");
  const draft: Draft = { rules: nothing(), hostKeys: { environment: new Map(), config: new Map() } };
  for (const [family, ...fields] of lines) {
    if (!add(draft, family ?? "", fields)) throw new Error(`a rule that is not known: ${family}`);
  }
  const { rules, hostKeys } = draft;
  const [environment, config] = [
    Object.fromEntries(hostKeys.environment),
    Object.fromEntries(hostKeys.config),
  ];
  return { module, rules, hostKeys: { environment, config } };
}

/** The text names also what each module has unless a grant narrows it. */
function nothing(): Rules {
  return { ...noRules(), ambient: { clocks: false, random: false, stdio: false } };
}

interface Draft {
  rules: Rules;
  hostKeys: Record<"environment" | "config", Map<string, string>>;
}

/** @returns whether the line is one of the format */
function add({ rules, hostKeys }: Draft, family: string, fields: string[]): boolean {
  const [first = "", second = "", third = ""] = fields;
  const label = labels.find((name) => name === family);
  const ambient = ambients.find((name) => name === first);
  if (label && fields.length === 1) rules[label].push(first);
  else if (family === "ambient" && ambient && fields.length === 1) rules.ambient[ambient] = true;
  else if (family === "http" && fields.length === 1) rules.http.push(parseOrigin(first));
  else if (family === "sockets" && fields.length === 3) rules.sockets.push(parseSocket(first, second, third));
  else if (family === "filesystem" && fields.length === 3 && (first === "read" || first === "write")) {
    rules.filesystem.push({ access: first, path: second, volume: third });
  } else if ((family === "environment" || family === "config") && fields.length === 2) {
    rules[family].push(first);
    hostKeys[family].set(first, second);
  } else return false;
  return true;
}

function parseOrigin(text: string): Rules["http"][number] {
  const { scheme, host, port } =
    /^(?<scheme>https?):\/\/(?<host>[^/]+):(?<port>\d{1,5})$/.exec(text)?.groups ?? {};
  if ((scheme !== "http" && scheme !== "https") || !host) throw new Error(`not an origin: ${text}`);
  return { scheme, host, port: Number(port) };
}

function parseSocket(protocol: string, host: string, ports: string): Rules["sockets"][number] {
  if (protocol !== "tcp" && protocol !== "udp") throw new Error(`not a protocol: ${protocol}`);
  const ranges = ports.split(",").map((range) => /^(\d{1,5})-(\d{1,5})$/.exec(range)?.slice(1).map(Number));
  return {
    protocol,
    host,
    ports: ranges.map(([from, to] = []) => {
      if (from === undefined || to === undefined) throw new Error(`not ports: ${ports}`);
      return { from, to };
    }),
  };
}
