/** What an Admission decides, from plain data and the modules' inspections: problems, warnings, and the report. */
import type * as z from "zod";
import type { Inspection } from "../artifacts/inspection.ts";
import { cover } from "../capabilities/cover.ts";
import { entriesOf } from "../capabilities/entries.ts";
import { union } from "../capabilities/grant.ts";
import { uncovered } from "../capabilities/lattice.ts";
import { reachLines } from "../capabilities/reach.ts";
import {
  type AcceptedRisk,
  buildReport,
  type Report,
  type ReportEntry,
  reportText,
} from "../capabilities/report.ts";
import { encodeRules } from "../capabilities/rules.ts";
import { ambients } from "../capabilities/vocabulary.ts";
import type { Problem } from "../errors.ts";
import { isKnown, isUnknown, type OrUnknown, unknown } from "../schema/fields.ts";
import { type Neighbour, type Place, placeOf } from "../targets/place.ts";
import { decodeTarget } from "../targets/target.ts";
import type { admissionInputs } from "./admission.ts";
import { bindingProblems } from "./admissionBindings.ts";
import { excesses, sealedRules } from "./admissionMaximum.ts";
import { type Findings, type JudgedModule, judgedArtifact } from "./admissionModules.ts";
import { hostRules } from "./hostRules.ts";
import type { Context } from "./resource.ts";

type Inputs = z.output<typeof admissionInputs>;

export interface Judgement extends Findings {
  warnings: string[];
  report: OrUnknown<string>;
  entries: OrUnknown<ReportEntry[]>;
  rules: OrUnknown<string>;
}

export async function judge(inputs: Inputs, context: Context): Promise<Judgement> {
  const problems: Problem[] = [];
  const missing: Problem[] = [];
  const target = isUnknown(inputs.target) ? unknown : decodeTarget(inputs.target);
  if (target === undefined) {
    problems.push({ path: "target", message: "is not the `target` output of an EdgeTarget of this version" });
  }
  const place =
    target === undefined || isUnknown(target) ? undefined : placeOf(target, inputs.run ?? "service");
  const judged = await judgedArtifact(inputs, place?.form ?? "component", context, { problems, missing });
  const { whole, modules, links, isComposition } = judged;
  const unfit = isUnknown(whole) ? undefined : place?.worldProblem(whole);
  if (unfit) problems.push({ path: "artifact", message: unfit });
  const coverages = modules.flatMap(({ name, inspection, grants, denied }) =>
    isUnknown(inspection) ? [] : [cover({ module: name, inspection, grants, denied })],
  );
  const report = place && reportOf(place, modules, inputs);
  const errors = [
    ...(isComposition ? [] : coverages.flatMap(({ errors: found }) => found.map(({ message }) => message))),
    ...(report?.errors ?? []),
    ...(await excesses(modules, whole, context)),
  ];
  problems.push(...errors.map((message) => ({ path: "grants", message })));
  problems.push(...modules.flatMap((module) => unsaid(module, whole)));
  problems.push(...bindingProblems(inputs.bindings, modules));
  const summaries = coverages.flatMap(({ summary }) => summary ?? []);
  const grants = modules.flatMap((module) => module.grants);
  const isPartlyKnown = grants.some((grant) => isUnknown(grant) || grant.unknown.length > 0);
  return {
    problems,
    missing,
    warnings: [
      ...(isComposition ? [] : coverages.flatMap(({ warnings }) => warnings)),
      ...(report?.warnings ?? []),
    ],
    report:
      isPartlyKnown || !report
        ? unknown
        : [
            reportText(report.entries),
            ...reachLines(links, report.entries),
            ...summaries,
            ...(isUnknown(whole) ? [] : trapLines(whole)),
            ...(place?.losses ?? []),
          ].join("\n"),
    entries: isPartlyKnown || !report ? unknown : report.entries,
    rules: isPartlyKnown ? unknown : encodeRules(hostRules(modules)),
  };
}

function reportOf(place: Place, modules: readonly JudgedModule[], inputs: Inputs): Report {
  return buildReport({
    modules: modules.map(({ name, grants }) => ({ name, grants: grants.filter(isKnown) })),
    target: place.enforcement(neighbours(modules)),
    artifact: (family) => place.artifact(family),
    acceptRisk: acceptedRisks(inputs),
  });
}

/**
 * Denied calls that end the instance, for their signature has no error that says so. Methods are left out: of what is denied,
 * nobody has an instance.
 */
function trapLines({ sealed = [] }: Inspection): string[] {
  return sealed.flatMap(({ name, traps }) => {
    const calls = traps
      .filter((call) => !call.includes("#[method]"))
      .map((call) => call.replace(/@[^#]*/, ""));
    return calls.length === 0
      ? []
      : [`module ${name}: denied calls that trap: ${[...new Set(calls)].join(", ")}`];
  });
}

/** A recipe that was edited by hand can say less than the bytes permit, and the report would say it after it. */
function unsaid(module: JudgedModule, whole: OrUnknown<Inspection>): Problem[] {
  const sealed = sealedRules(module, whole);
  if (!sealed || !module.grants.every((grant) => isKnown(grant) && grant.unknown.length === 0)) return [];
  const more = uncovered(union(module.grants.filter(isKnown)), sealed);
  const entries = [
    ...entriesOf(more).map(({ family, text }) => `${family} ${text}`),
    ...ambients.filter((family) => more.ambient[family]),
  ];
  if (entries.length === 0) return [];
  const message = `permits module ${module.name} more than its recipe says: ${entries.join(", ")}. Take the artifact as the Composition gives it`;
  return [{ path: "artifact", message }];
}

/** Whether other modules of a composition ask for what one was granted. */
function neighbours(modules: readonly JudgedModule[]): Neighbour[] {
  return modules.flatMap(({ name, inspection, grants }) =>
    isUnknown(inspection)
      ? []
      : [{ name, imports: inspection.imports, rules: union(grants.filter(isKnown)) }],
  );
}

function acceptedRisks({ acceptRisk = [] }: Inputs): AcceptedRisk[] {
  if (isUnknown(acceptRisk)) return [];
  return acceptRisk.flatMap((risk) => {
    if (isUnknown(risk)) return [];
    const { module, entry, reason } = risk;
    return isUnknown(module) || isUnknown(entry) || isUnknown(reason) ? [] : [{ module, entry, reason }];
  });
}
