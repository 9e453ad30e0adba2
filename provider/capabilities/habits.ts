/** What languages bring in by themselves: `habits.json`, by producer. A producer that it does not name has no habits. */
import * as z from "zod";
import type { Inspection, Producer } from "../artifacts/inspection.ts";
import data from "./habits.json" with { type: "json" };
import { meaningOf, parseImportName } from "./vocabulary.ts";

const habitsSchema = z.array(
  z.strictObject({
    /** As people call it. */
    language: z.string(),
    /** Any one of them, as the producers section has it; `version` is how the version begins. */
    producers: z
      .array(z.strictObject({ field: z.string(), name: z.string(), version: z.string().optional() }))
      .min(1),
    /** Names without version. */
    imports: z.array(z.string()).min(1),
    /** On what this rests: a component that was built and looked at, or only what documentation says. */
    evidence: z.strictObject({ observed: z.string().optional(), documented: z.string().optional() }),
  }),
);

export const habits = habitsSchema.parse(data);

/** The imports that the module's language brings in by itself, with the language that does. */
export function habitualImports({
  imports,
  producers,
}: Pick<Inspection, "imports" | "producers">): Map<string, string> {
  const found = new Map<string, string>();
  for (const habit of habits) {
    if (!habit.producers.some((wanted) => producers.some((producer) => matches(producer, wanted)))) continue;
    for (const item of imports.map(parseImportName)) {
      if (habit.imports.includes(item.name)) found.set(item.full, found.get(item.full) ?? habit.language);
    }
  }
  return found;
}

function matches(
  producer: Producer,
  wanted: { field: string; name: string; version?: string | undefined },
): boolean {
  return (
    producer.field === wanted.field &&
    producer.name === wanted.name &&
    producer.version.startsWith(wanted.version ?? "")
  );
}

export interface Needs {
  /** Imports that the program means, as far as can be told. */
  program: string[];
  /** Imports that its language brings in, whether the program uses them or not. */
  language: string[];
}

/** The imports that need a grant or a denial, by who wants them. A help to the reader: no decision rests on it. */
export function needs(inspection: Pick<Inspection, "imports" | "producers">): Needs {
  const habitual = habitualImports(inspection);
  const asking = inspection.imports.filter((full) => meaningOf(parseImportName(full)).kind !== "structural");
  return {
    program: asking.filter((full) => !habitual.has(full)),
    language: asking.filter((full) => habitual.has(full)),
  };
}
