/** The table as text: the page `docs/faults.md`, and the counts. */
import { type Fault, type Peers, peerStages, type Stage, stages, type Theme } from "./fault.ts";
import { type SourceName, sources } from "./sources.ts";

const peers = { spin: "Spin", wasmcloud: "wasmCloud", kubernetes: "Kubernetes" } as const satisfies Record<
  keyof Peers,
  string
>;
const peerNames = Object.keys(peers) as (keyof Peers)[];

const introduction = `<!-- Made by \`npm run faults -- --write\` from test/faults: change it there. -->
# Faults, and where they come to light

What can go wrong between a built module and its first request, one fault at a time. Each is seeded: \`npm run faults\`
delivers all of them with this provider, in this process and over its protocol, as the engine does it (preview, then
\`up\`, then a request), and a test holds stage and message to what stands here. The target is the local one.

**Here.** \`preview\`: found before anything changes; an error, where nothing else is said. \`up\`: the deployment fails, and
what ran before still runs. \`run time\`: the host refuses, or answers for the module. \`not caught\`: it works as declared, and
was declared wrongly.

**Spin**, **wasmCloud** 2 and **Kubernetes** (with runwasi's wasmtime shim, modules composed by hand with wac) stand for
their own tools without this provider; where the same fault would come to light there: \`build\`, \`push\` to a registry,
\`apply\` to a cluster, \`start\`, \`first request\`, \`never\`. \`–\`: there is nothing to declare it in, or it is no
fault there. None of them was run for this: each stage is what the linked code, page or issue says, read in November
2026; code is linked at the commit that was read. The links are explained [at the end](#sources).

**Reported**: issues in which somebody met the fault, of this kind or a close one. "none found": searches of the trackers of
Spin, SpinKube, wasmCloud, runwasi, wac and wasm-tools brought up none.
`;

/** The page as a whole. */
export function faultsPage(themes: readonly Theme[]): string {
  const all = themes.flatMap((theme) => theme.faults);
  const used = new Set(all.flatMap(sourcesOf));
  return [
    introduction,
    "## Counts\n",
    countsTables(all),
    ...themes.map(themeSection),
    "## Sources\n",
    "| source | what it says |",
    "|---|---|",
    ...[...used].sort(byLabel).map((name) => `| [${sources[name].label}] | ${cell(sources[name].says)} |`),
    "",
    ...[...used].sort(byLabel).map((name) => `[${sources[name].label}]: ${sources[name].url}`),
    "",
  ].join("\n");
}

/** As `npm run faults` prints them, and the README quotes them. */
export function countsText(all: readonly Fault[]): string {
  const here = stages.map((stage) => `${count(all, stage)} ${where[stage]}`).join(", ");
  const lines = [`${all.length} seeded faults. This provider: ${here}`];
  for (const name of peerNames) {
    const counted = peerStages
      .filter((stage) => stage !== "n/a")
      .map((stage) => `${peerCount(all, name, stage)} ${stage}`);
    const none = peerCount(all, name, "n/a");
    lines.push(`${peers[name]}: ${counted.join(", ")}; ${none} cannot be made there`);
  }
  return lines.join("\n");
}

const where: Record<Stage, string> = {
  preview: "in preview",
  up: "in up",
  "run time": "at run time",
  "not caught": "not caught",
};

function count(all: readonly Fault[], stage: Stage): number {
  return all.filter((fault) => fault.stage === stage).length;
}

function peerCount(all: readonly Fault[], name: keyof Peers, stage: string): number {
  return all.filter((fault) => fault[name][0] === stage).length;
}

function countsTables(all: readonly Fault[]): string {
  const said = (level: string) =>
    all.filter((fault) => fault.stage === "preview" && fault.level === level).length;
  const own = [`| this provider | ${stages.join(" | ")} |`, `|---|${stages.map(() => "--:").join("|")}|`];
  own.push(`| ${all.length} faults | ${stages.map((stage) => count(all, stage)).join(" | ")} |`);
  const rows = peerNames.map(
    (name) => `| ${peers[name]} | ${peerStages.map((stage) => peerCount(all, name, stage)).join(" | ")} |`,
  );
  const others = [
    `| elsewhere | ${peerStages.map((stage) => (stage === "n/a" ? "–" : stage)).join(" | ")} |`,
    `|---|${peerStages.map(() => "--:").join("|")}|`,
    ...rows,
  ];
  const note = `Of those in preview, ${said("error")} are errors, ${said("warning")} warnings and ${said("note")} notes in the plan.`;
  return [...own, "", note, "", ...others, ""].join("\n");
}

function themeSection({ title, faults }: Theme): string {
  const heads = ["", "fault", "here", ...Object.values(peers), "reported"];
  const rows = faults.map((fault) => {
    const elsewhere = peerNames.map((name) => peerCell(fault[name]));
    const reported = fault.reported.length === 0 ? "none found" : links(fault.reported);
    return `| \`${fault.id}\` | ${cell(fault.fault)} | ${here(fault)} | ${elsewhere.join(" | ")} | ${reported} |`;
  });
  const said = faults.filter(({ says }) => says.length > 0);
  return [
    `## ${title}\n`,
    `| ${heads.join(" | ")} |`,
    `|${heads.map(() => "---").join("|")}|`,
    ...rows,
    "",
    ...(said.length > 0 ? ["What is said:\n", ...said.flatMap(saidLines), ""] : []),
  ].join("\n");
}

function here({ stage, level }: Fault): string {
  return level === "warning" || level === "note" ? `${stage} (${level})` : stage;
}

function peerCell([stage, ...read]: Fault["spin"]): string {
  return `${stage === "n/a" ? "–" : stage} (${links(read)})`;
}

function links(names: readonly SourceName[]): string {
  return names.map((name) => `[${sources[name].label}]`).join(", ");
}

function saidLines({ id, says }: Fault): string[] {
  return says.map((text) => `- \`${id}\`: ${code(text)}`);
}

/** Text as it is, in as many backquotes as it needs. */
function code(text: string): string {
  const line = text.replaceAll("\n", " ⏎ ");
  return line.includes("`") ? `\`\` ${line} \`\`` : `\`${line}\``;
}

function cell(text: string): string {
  return text.replaceAll("|", "\\|");
}

function sourcesOf(fault: Fault): SourceName[] {
  return [...peerNames.flatMap((name) => fault[name].slice(1) as SourceName[]), ...fault.reported];
}

function byLabel(a: SourceName, b: SourceName): number {
  return sources[a].label < sources[b].label ? -1 : 1;
}
