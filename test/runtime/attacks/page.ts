/** `docs/attacks.md`: all rows, with what came of each in each runtime. */
import { families } from "./all.ts";
import type { Ask, Attack, Part, RuntimeName, World } from "./attack.ts";

const titles: Record<RuntimeName, string> = { wasmtime: "Wasmtime", local: "Local target" };
const names = Object.keys(titles) as RuntimeName[];

export function page(): string {
  return [
    intro,
    ...families.map(({ title, worlds }) => [`## ${title}`, ...sections(worlds)].join("\n\n")),
  ].join("\n\n");
}

const intro = `# Attacks

What hostile modules try, and what comes of it. Each row is run by the tests in each runtime: in real Wasmtime with every
right that its command line can give (\`inherit-network\`, \`inherit-env\`, all folders …), and on the local target by rules
that grant all that is asked for. So nothing but the seal in the component's bytes stands against the module. Servers, files
and values are looked at as well: a row that reaches nothing has opened no connection, sent no datagram, changed no file
and shown no value that is not granted.

Each row is run without the seal too, and must get through there: else it would be no attack. Where a runtime refuses it
by itself, the last column says so.

The rows are data under \`test/runtime/attacks/\`; this page is made of them, and \`npm test -- runtime\` holds it
against them. \`{web}\`, \`{other}\`, \`{tcp}\` and the like are ports of servers on loopback. \`elsewhere\` is a server
on the same port of another address.

What the seal does not decide: where the name of a granted HTTP origin leads (the host looks it up), and what a module
does for its neighbours with what it was granted: a request that it sends for another is allowed, and the report lists
such links.`;

function sections(worlds: Record<string, World>): string[] {
  return Object.entries(worlds).map(([name, world]) => {
    const heading = `### Granted: ${name}`;
    const head = `| tried | | ${names.map((each) => titles[each]).join(" | ")} | without the seal |`;
    const rule = `|---|---|${"---|".repeat(names.length + 1)}`;
    return [`${heading}\n`, `${worldText(world)}\n`, head, rule, ...world.attacks.map(row)].join("\n");
  });
}

function worldText(world: World): string {
  const lines = moduleLines(world);
  if (world.host !== undefined) lines.push(`- ${partText(world.host)} stands in the host's place`);
  return lines.join("\n");
}

/** What was composed before stands below the module that it is. */
function moduleLines({ modules, grants = {}, denied = {}, links = [] }: Partial<World>): string[] {
  const lines = Object.entries(modules ?? {}).flatMap(([name, part]) => {
    const grant = grants[name] ? `granted ${code(JSON.stringify(grants[name]))}` : "without a grant";
    const refused = denied[name] ? `, denied ${denied[name].map(code).join(", ")}` : "";
    const inner = typeof part !== "string" && "modules" in part ? moduleLines(part) : [];
    return [
      `- module ${code(name)} (${partText(part)}), ${grant}${refused}`,
      ...inner.map((line) => `  ${line}`),
    ];
  });
  for (const { from, import: name, to } of links) {
    lines.push(`- ${code(from)} takes ${code(name)} from ${code(to)}`);
  }
  return lines;
}

function partText(part: Part): string {
  if (typeof part === "string") return `guest ${code(part)}`;
  if ("modules" in part) return part.asFile ? "a composition's bytes" : "a composition";
  return `guest ${code(part.guest)}, built for ${code(`${part.interface}@${part.version}`)}`;
}

function row(attack: Attack): string {
  const cells = [
    attack.name,
    askText(attack.ask),
    ...names.map((name) => outcomeText(attack, name)),
    openText(attack),
  ];
  return `| ${cells.join(" | ")} |`;
}

function askText(ask: Ask): string {
  if (ask === "run") return "";
  if ("call" in ask) return code(ask.call);
  if ("script" in ask) return ask.script.map(code).join("<br>");
  const query = Object.entries(ask.query ?? {}).map(([key, value]) => `${key}=${value}`);
  return code(query.length > 0 ? `${ask.get}?${query.join("&")}` : ask.get);
}

function outcomeText(attack: Attack, name: RuntimeName): string {
  const reason = attack.skip?.[name];
  if (reason !== undefined) return `not tried: ${reason}`;
  const { answer, reaches = [] } = attack.in?.[name] ?? attack;
  const said = [answer].flat().filter((text) => text.trim() !== "");
  const reached = reaches.length > 0 ? `reaches ${reaches.join("; ")}` : "reaches nothing";
  return [reached, ...said.map((text) => code(text.trim()))].join("<br>");
}

function openText({ unsealed = {}, skip = {} }: Attack): string {
  const tried = names.filter((name) => skip[name] === undefined);
  const refusing = tried.filter((name) => unsealed[name] !== undefined);
  const through = tried.filter((name) => unsealed[name] === undefined);
  return [
    ...(through.length > 0
      ? [
          `gets through${through.length < names.length ? `: ${through.map((each) => titles[each]).join(", ")}` : ""}`,
        ]
      : []),
    ...refusing.map((name) => `${titles[name]}: ${code(unsealed[name]?.trim() ?? "")}`),
  ].join("<br>");
}

/** As code in a table's cell: what cannot be seen is written as JSON has it. */
function code(text: string): string {
  const visible = JSON.stringify(text)
    .slice(1, -1)
    .replace(/\\(["\\])/g, "$1");
  return `\`${visible.replaceAll("|", "\\|").replaceAll("`", "'")}\``;
}
