/**
 * The report: per module and entry of a grant, what the artifact itself enforces and what the target does. It is the
 * list of losses between what was declared and what will hold.
 */
import { entriesOf } from "./entries.ts";
import type { Grant } from "./grant.ts";
import { hostCovers } from "./hosts.ts";
import { originCovers } from "./lattice.ts";
import { parseOrigin } from "./parse.ts";
import type { Family } from "./vocabulary.ts";

/**
 * How well an entry is kept. `exact`: what is granted works and nothing more. `stricter`: nothing more, but not all of it
 * works. `looser`: more than is granted is open. `none`: everything of the family is open.
 */
export type Verdict = "exact" | "stricter" | "looser" | "none";

/** Also `unavailable`: the target cannot deliver what is granted at all. */
export type TargetVerdict = Verdict | "unavailable";

/** What a kind of target does about the entries of grants by itself. Each target implements it once. */
export interface TargetEnforcement {
  /** As in messages: `local`. */
  name: string;
  enforce(family: Family, text: string, module: string): { verdict: TargetVerdict; note?: string };
}

export interface ReportEntry {
  module: string;
  /** Name of the CapabilityGrant. */
  grant: string;
  family: Family;
  /** As `entriesOf` writes it. */
  entry: string;
  /** What holds on every target, for it is in the bytes. */
  artifact: "exact" | "none";
  target: TargetVerdict;
  /** What the reader should know of the target's verdict. */
  note?: string;
}

export interface AcceptedRisk {
  module: string;
  /** As the error prints it: family, entry and the verdict that is accepted. It is void for a worse one. */
  entry: string;
  /** For whoever reads it later. */
  reason: string;
}

export interface ReportInput {
  modules: { name: string; grants: Grant[] }[];
  target: TargetEnforcement;
  /** What the artifact's bytes enforce of a family. */
  artifact: (family: Family) => "exact" | "none";
  acceptRisk?: AcceptedRisk[];
}

export interface Report {
  entries: ReportEntry[];
  /** Complete messages, each with what to do or to paste. */
  errors: string[];
  warnings: string[];
}

export function buildReport({ modules, target, artifact, acceptRisk = [] }: ReportInput): Report {
  const entries = modules.flatMap(({ name, grants }) =>
    grants.flatMap((grant) =>
      entriesOf(grant.rules).map(({ family, text }): ReportEntry => {
        const { verdict, note } = target.enforce(family, text, name);
        return {
          module: name,
          grant: grant.name,
          family,
          entry: text,
          artifact: artifact(family),
          target: verdict,
          ...(note !== undefined && { note }),
        };
      }),
    ),
  );
  const used = new Set<AcceptedRisk>();
  const errors = entries.flatMap((entry) => problemOf(entry, target.name, acceptRisk, used));
  const warnings = acceptRisk
    .filter((risk) => !used.has(risk))
    .map(
      (risk) => `acceptRisk: nothing needs ${JSON.stringify(risk.entry)} of module ${risk.module}; remove it`,
    );
  return { entries, errors: [...new Set(errors)], warnings };
}

function problemOf(
  entry: ReportEntry,
  target: string,
  accepted: AcceptedRisk[],
  used: Set<AcceptedRisk>,
): string[] {
  const what = `${entry.family} ${entry.entry} (module ${entry.module}, grant ${entry.grant})`;
  const note = entry.note === undefined ? "" : `: ${entry.note}`;
  if (entry.target === "unavailable") {
    return [
      `the ${target} target cannot deliver ${what}${note}. Take it out of the grant, or choose another target.`,
    ];
  }
  if (!isRisk(entry)) return [];
  const risk = accepted.find((each) => accepts(each, entry));
  if (risk) {
    used.add(risk);
    return [];
  }
  const line = `{ module: ${JSON.stringify(entry.module)}, entry: ${JSON.stringify(riskOf(entry))}, reason: "…" }`;
  const extent = entry.target === "none" ? "not at all" : "only in a wider sense";
  return [
    `nothing enforces ${what}: the artifact does not, and the ${target} target does ${extent}${note}. To accept that: acceptRisk: [${line}]`,
  ];
}

/** Neither the artifact nor the target keeps the module within the entry. */
function isRisk({ artifact, target }: ReportEntry): boolean {
  return artifact === "none" && (target === "looser" || target === "none");
}

function riskOf({ family, entry, target }: ReportEntry): string {
  return `${family} ${entry}: ${target}`;
}

/** What was accepted as `none` is accepted as `looser`, which is better; not the other way round. */
function accepts(risk: AcceptedRisk, entry: ReportEntry): boolean {
  if (risk.module !== entry.module) return false;
  return risk.entry === riskOf(entry) || risk.entry === riskOf({ ...entry, target: "none" });
}

const columns = ["module", "grant", "may", "artifact", "target", "note"] as const;

/** A table for a pull request: aligned, plain text, one line for each entry. */
export function reportText(entries: readonly ReportEntry[]): string {
  if (entries.length === 0) return "No grants: the module reaches nothing outside.";
  const rows = entries.map((entry) => [
    entry.module,
    entry.grant,
    `${entry.family} ${entry.entry}`,
    entry.artifact,
    entry.target,
    entry.note ?? "",
  ]);
  const all = [[...columns], ...rows];
  const widths = columns.map((_, column) => Math.max(...all.map((row) => (row[column] ?? "").length)));
  return all
    .map((row) =>
      row
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join("  ")
        .trimEnd(),
    )
    .join("\n");
}

/** What modules may do now and could not before, one line each: `+ http https://api.example.com (module api, grant stripe)`. */
export function widening(before: readonly ReportEntry[], after: readonly ReportEntry[]): string[] {
  const added = after.filter(
    (entry) => !before.some((old) => old.module === entry.module && includes(old, entry)),
  );
  return added.map(
    ({ module, grant, family, entry }) => `+ ${family} ${entry} (module ${module}, grant ${grant})`,
  );
}

/** Whether what was granted before holds an entry already, also as part of a wider one. */
function includes(old: ReportEntry, entry: ReportEntry): boolean {
  if (old.family !== entry.family) return false;
  if (old.entry === entry.entry) return true;
  if (old.family === "nameLookup") return hostCovers(old.entry, entry.entry);
  if (old.family === "filesystem") return old.entry === entry.entry.replace(/^read /, "write ");
  if (old.family !== "http") return false;
  const [outer, inner] = [parseOrigin(old.entry), parseOrigin(entry.entry)];
  return outer.ok && inner.ok && originCovers(outer.value, inner.value);
}
