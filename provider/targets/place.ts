/** What an App's judgement asks of the place where it is to run, whatever kind of place it is. */
import type { Inspection } from "../artifacts/inspection.ts";
import type { TargetEnforcement } from "../capabilities/report.ts";
import type { Rules } from "../capabilities/rules.ts";
import { type Family, isGuarded } from "../capabilities/vocabulary.ts";
import { isUnknown, type OrUnknown } from "../schema/fields.ts";
import { artifactVerdict, kubernetesEnforcement } from "./kubernetes/enforcement.ts";
import { type Form, lossLines, runtimes } from "./kubernetes/runtimes.ts";
import { worldProblem as kubernetesWorldProblem } from "./kubernetes/world.ts";
import { localEnforcement } from "./local/enforcement.ts";
import { worldProblem as localWorldProblem } from "./local/world.ts";
import type { Target } from "./target.ts";

/** `service` serves HTTP, `job` runs a command to its end. */
export type Run = "service" | "job";

export interface Place {
  /** In which form an artifact is sealed for it. */
  form: Form;
  /** Why it cannot run an artifact, sealed, as that; nothing where it can. */
  worldProblem(artifact: Pick<Inspection, "kind" | "imports" | "exports">): string | undefined;
  enforcement(modules: readonly Neighbour[]): TargetEnforcement;
  /** What the artifact's own bytes enforce there. */
  artifact(family: Family): "exact" | "none";
  /** What is lost there whatever was granted, one line each. */
  losses: readonly string[];
}

/** A module of the App, by what it asks of the host and what it may do. */
export interface Neighbour {
  name: string;
  imports: readonly string[];
  rules: Rules;
}

/** Nothing where too little of the place is known yet. */
export function placeOf(target: Target, run: OrUnknown<Run>): Place | undefined {
  if (isUnknown(run)) return undefined;
  switch (target.kind) {
    case "local":
      return localPlace(run);
    case "kubernetes":
      return target.kubernetes && kubernetesPlace(target.kubernetes, run);
    default:
      return undefined;
  }
}

function localPlace(run: Run): Place {
  return {
    form: "component",
    worldProblem: (artifact) => localWorldProblem(artifact, run),
    enforcement: localEnforcement,
    artifact: (family) => (isGuarded(family) ? "exact" : "none"),
    losses: [],
  };
}

function kubernetesPlace(
  { runtime, networkPolicy }: NonNullable<Target["kubernetes"]>,
  run: Run,
): Place | undefined {
  if (isUnknown(runtime)) return undefined;
  // Until it is known, policies count for nothing.
  const policies = networkPolicy === "enforced" ? "enforced" : "unknown";
  return {
    form: runtimes[runtime].form,
    worldProblem: (artifact) => kubernetesWorldProblem(artifact, run, runtime),
    enforcement: (modules) => kubernetesEnforcement({ runtime, run, networkPolicy: policies, modules }),
    artifact: (family) => artifactVerdict(runtime, family),
    losses: lossLines(runtime, run),
  };
}
