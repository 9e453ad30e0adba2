/** What `validate` is given, and what it finds. */
import type * as z from "zod";
import type { Rules } from "../../../capabilities/rules.ts";
import type { Problem } from "../../../errors.ts";
import { isUnknown, type OrUnknown } from "../../../schema/fields.ts";
import type { kubernetesAppFields, volumeSourceShape } from "../appFields.ts";
import type { RuntimeName } from "../runtimes.ts";

export type KubernetesFields = z.output<typeof kubernetesAppFields>;
export type VolumeFields = z.output<z.ZodObject<typeof volumeSourceShape>> & {
  folder?: OrUnknown<string> | undefined;
};

/** The inputs of an App as they were checked, as far as they matter here. */
export interface AppFields {
  /** The name of the resource. */
  name: string;
  run?: OrUnknown<"service" | "job" | { schedule: OrUnknown<string> }> | undefined;
  replicas?: OrUnknown<number> | undefined;
  hostname?: OrUnknown<string> | undefined;
  routes?: OrUnknown<OrUnknown<string>[]> | undefined;
  limits?: OrUnknown<{ time?: OrUnknown<number> | undefined }> | undefined;
  /** Volumes by module and name: `bindings.<module>.volumes`. */
  volumes: Readonly<Record<string, OrUnknown<Readonly<Record<string, OrUnknown<VolumeFields>>>>>>;
  kubernetes?: OrUnknown<KubernetesFields> | undefined;
}

export interface ValidationInput {
  app: AppFields;
  runtime: OrUnknown<RuntimeName>;
  /** What the component as a whole may do, with its host's keys. Unknown while a grant is. */
  rules: OrUnknown<Rules>;
}

export interface Findings {
  problems: Problem[];
  /** Whole sentences. */
  warnings: string[];
}

/** The same as `App.run`, with a word for each kind. */
export type RunKind = "service" | "job" | "schedule";

export function runKind(run: AppFields["run"]): OrUnknown<RunKind> {
  if (run === undefined) return "service";
  return typeof run === "object" ? "schedule" : run;
}

/** A value, where there is one and it is known. */
export function known<T>(value: OrUnknown<T> | undefined): T | undefined {
  return isUnknown(value) ? undefined : value;
}
