import { isDeepStrictEqual } from "node:util";
import * as z from "zod";
import { type Artifact, artifactFields } from "../artifacts/artifact.ts";
import { sameButComposer } from "../artifacts/compose/index.ts";
import { type ReportEntry, widening } from "../capabilities/report.ts";
import { families } from "../capabilities/vocabulary.ts";
import { InputErrors } from "../errors.ts";
import {
  holdsUnknown,
  isUnknown,
  list,
  map,
  type OrUnknown,
  object,
  optional,
  required,
  unknown,
} from "../schema/fields.ts";
import { placeOf } from "../targets/place.ts";
import { decodeTarget } from "../targets/target.ts";
import { type Judgement, judge } from "./admissionJudgement.ts";
import { type Context, defineResource } from "./resource.ts";
import { sealedArtifact } from "./sealedArtifact.ts";

const description = `
Holds an artifact, its grants, its target and the accepted risks against each other, in preview: a child of each App, which
declares it. Its output is the App's \`report\`; when a change widens what a module may do, preview says so.
`.trim();

export const acceptRiskFields = object(
  "wasm:index:AcceptRisk",
  "One entry of a grant that is accepted although nothing enforces it.",
  {
    module: required(z.string(), { description: "The module's name: `main` for an App of a single Module." }),
    entry: required(z.string(), {
      description:
        "The entry and the verdict that is accepted, as preview prints it: `http https://api.example.com: none`. Void for a worse one.",
    }),
    reason: required(z.string().min(1), {
      description: "Why this is acceptable; for those who read the program later.",
    }),
  },
);

const boundFields = object(
  "wasm:index:BoundNames",
  "What an App binds for one module: names, never values.",
  {
    environment: optional(list(z.string()), { description: "Keys of environment values." }),
    config: optional(list(z.string()), { description: "Keys of configuration values." }),
    volumes: optional(list(z.string()), { description: "Names of volumes." }),
  },
);

export const admissionInputs = z.strictObject({
  artifact: required(artifactFields, { description: "What is to run." }),
  target: required(z.string(), { description: "Where it is to run: the `target` output of an EdgeTarget." }),
  grants: optional(list(z.string()), { description: "`grant` outputs of CapabilityGrants." }),
  denied: optional(list(z.string()), { description: "Imports that shall stay denied, without version." }),
  bindings: optional(map(boundFields), { description: "What the App binds, by module: names only." }),
  run: optional(z.enum(["service", "job"]), { description: "What the App runs as.", default: "service" }),
  acceptRisk: optional(list(acceptRiskFields), {
    description: "Entries that are accepted although nothing enforces them.",
  }),
});

const entryFields = object("wasm:index:ReportEntry", "What one entry of a grant is worth on the target.", {
  module: required(z.string(), { description: "The module's name." }),
  family: required(z.enum(families), { description: "Family of the grant, such as `http`." }),
  entry: required(z.string(), { description: "The entry in its canonical form." }),
  grant: required(z.string(), { description: "Name of the CapabilityGrant that it comes from." }),
  artifact: required(z.enum(["exact", "none"]), { description: "What the artifact's own bytes enforce." }),
  target: required(z.enum(["exact", "stricter", "looser", "none", "unavailable"]), {
    description: "What the target enforces; `unavailable`: it cannot deliver it.",
  }),
  note: optional(z.string(), { description: "What is to be known about it." }),
});

const outputs = z.strictObject({
  report: required(z.string(), { description: "The report as a table of text." }),
  entries: required(list(entryFields), { description: "The report as data, for policies." }),
  rules: required(z.string(), {
    description: "What the module may do, for the App's other children. Opaque.",
  }),
  artifact: optional(artifactFields, {
    description:
      "What is delivered: a Composition as it is, a single Module as it is sealed for this App. Absent where the target names no registry.",
  }),
});

type Outputs = z.output<typeof outputs>;
type Inputs = z.output<typeof admissionInputs>;

export const Admission = defineResource({
  token: "wasm:index:Admission",
  description,
  inputs: admissionInputs,
  outputs,
  echo: false,
  // An App of a single Module is sealed with them.
  artifactInputs: ["grants", "denied"],
  derivedFrom: {
    report: ["artifact", "target", "grants", "denied", "acceptRisk"],
    entries: ["artifact", "target", "grants", "acceptRisk"],
    rules: ["grants"],
    artifact: ["artifact", "target", "grants", "denied"],
  },

  async check(admission, context) {
    const { problems, warnings } = await judge(admission, context);
    if (problems.length === 0) for (const warning of warnings) context.log.warn(warning);
    return problems;
  },

  /**
   * Other bytes that need and may do the same change nothing about what was admitted; a report that an older version made of
   * the same says no longer what holds.
   */
  async diff(old, admission, found, context) {
    if (!found.every(({ path }) => path.startsWith("artifact"))) return found;
    const { problems, missing, ...judgement } = await judge(admission, context);
    if (problems.length > 0 || missing.length > 0) return found;
    const now = await outputsOf(judgement, admission, old.outputs, context);
    if (isDeepStrictEqual(old.outputs, now)) return [];
    if (found.length > 0) return found;
    const { artifact: _old, ...told } = old.outputs;
    const { artifact: _now, ...tells } = now;
    const path = isDeepStrictEqual(told, tells) ? "artifact" : "report";
    return [{ path, kind: "update", replace: false, input: false }];
  },

  async create(admission, context) {
    return { id: context.name, outputs: await judged(admission, {}, context) };
  },

  async update(old, admission, context) {
    const outputs = await judged(admission, old.outputs, context);
    const lines = widening(reported(old.outputs), reported(outputs));
    if (lines.length > 0) context.log.info(["This widens what may be done:", ...lines].join("\n"));
    return outputs;
  },
});

async function judged(admission: Inputs, old: Partial<Outputs>, context: Context): Promise<Outputs> {
  const { missing, ...judgement } = await judge(admission, context);
  const problems = [...judgement.problems, ...missing];
  // What Check could not see in preview, because it was not known yet, comes to light here in the same words.
  if (problems.length > 0) throw new InputErrors(problems);
  return outputsOf(judgement, admission, old, context);
}

async function outputsOf(
  { report, entries, rules }: Pick<Judgement, "report" | "entries" | "rules">,
  admission: Inputs,
  old: Partial<Outputs>,
  context: Context,
): Promise<Outputs> {
  const artifact = await delivered(admission, rules, old, context);
  return { report, entries, rules, ...(artifact !== undefined && { artifact }) };
}

/** What an earlier composer sealed of the same is kept: a new version of the plugin delivers nothing anew by itself. */
async function delivered(
  { artifact, denied, target, run }: Inputs,
  rules: OrUnknown<string>,
  old: Partial<Outputs>,
  context: Context,
): Promise<Outputs["artifact"]> {
  const place = isUnknown(target) ? undefined : decodeTarget(target);
  if (place?.registry === undefined) return undefined;
  const form = placeOf(place, run ?? "service")?.form;
  if (form === undefined || holdsUnknown([artifact, denied, rules])) return unknown;
  const now = await sealedArtifact({ artifact, denied, rules }, form, context);
  return isSameSeal(old.artifact, now) ? old.artifact : now;
}

function isSameSeal(old: Outputs["artifact"], now: Artifact): boolean {
  if (old === undefined || isUnknown(old) || isUnknown(old.recipe)) return false;
  try {
    return sameButComposer(old.recipe, now.recipe);
  } catch {
    // A later version of the plugin made it.
    return false;
  }
}

/** The entries of a report, as far as they are known. */
function reported({ entries }: Partial<Outputs>): ReportEntry[] {
  if (entries === undefined || isUnknown(entries)) return [];
  return entries.filter(
    (entry): entry is ReportEntry => !isUnknown(entry) && !Object.values(entry).some(isUnknown),
  );
}
