/** What an Admission decides, from plain data and the module's inspection: problems, warnings, and the report. */
import type * as z from "zod";
import type { Artifact } from "../artifacts/artifact.ts";
import type { Inspection } from "../artifacts/inspection.ts";
import { cover } from "../capabilities/cover.ts";
import { decodeGrant, type Grant, union } from "../capabilities/grant.ts";
import { type AcceptedRisk, buildReport, type ReportEntry, reportText } from "../capabilities/report.ts";
import { encodeRules, type Rules } from "../capabilities/rules.ts";
import type { Problem } from "../protocol/errors.ts";
import { isKnown, isUnknown, type OrUnknown, unknown } from "../schema/fields.ts";
import { propertyPath } from "../schema/parse.ts";
import { localEnforcement } from "../targets/local/enforcement.ts";
import { worldProblem } from "../targets/local/world.ts";
import { decodeTarget } from "../targets/target.ts";
import { UserError } from "../userError.ts";
import type { admissionInputs } from "./admission.ts";
import { artifactStore } from "./artifactStore.ts";
import type { Context } from "./resource.ts";

type Inputs = z.output<typeof admissionInputs>;

/** The name of the module in an App of a single one. */
export const singleModule = "main";

export interface Judgement {
  problems: Problem[];
  warnings: string[];
  report: OrUnknown<string>;
  entries: OrUnknown<ReportEntry[]>;
  rules: OrUnknown<string>;
}

export async function judge(inputs: Inputs, context: Context): Promise<Judgement> {
  const problems: Problem[] = [];
  const warnings: string[] = [];
  const grants = grantsOf(inputs, problems);
  if (!isUnknown(inputs.target) && decodeTarget(inputs.target) === undefined) {
    problems.push({ path: "target", message: "is not the `target` output of an EdgeTarget of this version" });
  }
  const inspection = await inspectionOf(inputs.artifact, context, problems);
  const summary = isUnknown(inspection)
    ? undefined
    : judgeModule(inputs, inspection, grants, problems, warnings);
  const report = buildReport({
    modules: [{ name: singleModule, grants: grants.filter(isKnown) }],
    target: localEnforcement,
    acceptRisk: acceptedRisks(inputs),
  });
  problems.push(...report.errors.map((message) => ({ path: "grants", message })));
  warnings.push(...report.warnings);
  const partly = grants.some((grant) => isUnknown(grant) || grant.unknown.length > 0);
  const known = grants.filter(isKnown);
  judgeBindings(inputs, union(known), partly, problems);
  return {
    problems,
    warnings,
    report: partly ? unknown : [reportText(report.entries), ...(summary ? [summary] : [])].join("\n"),
    entries: partly ? unknown : report.entries,
    rules: partly ? unknown : encodeRules(union(known)),
  };
}

/** Of a list that is not known as a whole, anything may be in it. */
function grantsOf({ grants = [] }: Inputs, problems: Problem[]): OrUnknown<Grant>[] {
  if (isUnknown(grants)) return [unknown];
  return grants.map((text, index) => {
    const grant = isUnknown(text) ? unknown : decodeGrant(text);
    if (grant !== undefined) return grant;
    const path = propertyPath(["grants", index]);
    problems.push({ path, message: "is not the `grant` output of a CapabilityGrant of this version" });
    return unknown;
  });
}

async function inspectionOf(
  artifact: Inputs["artifact"],
  { settings, signal }: Context,
  problems: Problem[],
): Promise<OrUnknown<Inspection>> {
  if (isUnknown(artifact) || isUnknown(artifact.digest)) return unknown;
  try {
    return await artifactStore(settings).inspector.inspect(artifact.digest as Artifact["digest"], { signal });
  } catch (error) {
    if (!(error instanceof UserError) || signal.aborted) throw error;
    problems.push({ path: "artifact", message: error.message });
    return unknown;
  }
}

function judgeModule(
  { denied = [], run = "service" }: Inputs,
  inspection: Inspection,
  grants: OrUnknown<Grant>[],
  problems: Problem[],
  warnings: string[],
): string | undefined {
  const unfit = isUnknown(run) ? undefined : worldProblem(inspection, run);
  if (unfit) problems.push({ path: "artifact", message: unfit });
  const coverage = cover({
    module: singleModule,
    inspection,
    grants,
    denied: isUnknown(denied) ? [unknown] : denied,
  });
  problems.push(...coverage.errors.map(({ message }) => ({ path: "grants", message })));
  warnings.push(...coverage.warnings);
  return coverage.summary;
}

function acceptedRisks({ acceptRisk = [] }: Inputs): AcceptedRisk[] {
  if (isUnknown(acceptRisk)) return [];
  return acceptRisk.flatMap((risk) => {
    if (isUnknown(risk)) return [];
    const { module, entry, reason } = risk;
    return isUnknown(module) || isUnknown(entry) || isUnknown(reason) ? [] : [{ module, entry, reason }];
  });
}

type Family = "environment" | "config" | "volumes";

/** Every bound name must be granted, and every granted one bound. */
function judgeBindings({ bindings = {} }: Inputs, rules: Rules, partly: boolean, problems: Problem[]): void {
  if (isUnknown(bindings)) return;
  for (const module of Object.keys(bindings).filter((name) => name !== singleModule)) {
    const message = `there is no module of this name: an App of a single Module calls it ${singleModule}`;
    problems.push({ path: propertyPath(["bindings", module]), message });
  }
  const bound = bindings[singleModule] ?? {};
  if (isUnknown(bound)) return;
  const granted: Record<Family, string[]> = {
    environment: rules.environment,
    config: rules.config,
    volumes: [...new Set(rules.filesystem.map(({ volume }) => volume))],
  };
  for (const family of ["environment", "config", "volumes"] as const) {
    const names = bound[family] ?? [];
    if (isUnknown(names) || names.some(isUnknown)) continue;
    const path = (name: string) => propertyPath(["bindings", singleModule, family, name]);
    const given = names.filter(isKnown);
    const extra = partly ? [] : given.filter((name) => !granted[family].includes(name));
    problems.push(...extra.map((name) => ({ path: path(name), message: notGranted(family, name) })));
    const missing = granted[family].filter((name) => !given.includes(name));
    problems.push(...missing.map((name) => ({ path: path(name), message: notBound(family) })));
  }
}

function notGranted(family: Family, name: string): string {
  const line =
    family === "volumes"
      ? `filesystem: [{ path: "/data", access: "read", volume: "${name}" }]`
      : `${family}: ["${name}"]`;
  return `no grant names it: add ${line} to a CapabilityGrant of this App, or remove the binding`;
}

function notBound(family: Family): string {
  return family === "volumes"
    ? 'is granted, but bound to nothing: give it a place, such as { folder: "./data" }, or take it out of the grant'
    : "is granted, but bound to no value: give it one, or take it out of the grant";
}
