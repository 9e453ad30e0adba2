/** What languages bring in by themselves: `habits.json`, by producer. A producer that it does not name has no habits. */
import * as z from "zod";
import type { Inspection, Producer } from "../artifacts/inspection.ts";
import data from "./habits.json" with { type: "json" };
import { type Ambient, ambients, type Family, families, meaningOf, parseImportName } from "./vocabulary.ts";

const producersSchema = z.array(
  z.strictObject({ field: z.string(), name: z.string(), version: z.string().optional() }),
);

const habitsSchema = z.array(
  z.strictObject({
    /** As people call it. */
    language: z.string(),
    /** Any one of them, as the producers section has it; `version` is how the version begins. */
    producers: producersSchema.min(1),
    /** None of them may be there as well. */
    without: producersSchema.default([]),
    /** Each of them is exported. */
    exports: z.array(z.string()).default([]),
    /** Only where grants open this family: elsewhere the imports are the program's. */
    beside: z.enum(families).optional(),
    /** Names without version. */
    imports: z.array(z.string()).min(1),
    /** What the language calls before the program does anything: where such a call traps, no module of it runs. */
    needs: z.array(z.enum(ambients)).default([]),
    /** On what this rests: a component that was built and looked at, or only what documentation says. */
    evidence: z.strictObject({ observed: z.string().optional(), documented: z.string().optional() }),
  }),
);

export const habits = habitsSchema.parse(data);
type Habit = (typeof habits)[number];

/** What tells a module's language; a language that is told by its exports is not known without them. */
export type Traits = Pick<Inspection, "imports" | "producers"> & Partial<Pick<Inspection, "exports">>;

/**
 * The imports that the module's language brings in by itself, with the language that does.
 *
 * @param isOpen whether grants open imports of a family
 */
export function habitualImports(
  traits: Traits,
  isOpen: (family: Family) => boolean = () => false,
): Map<string, string> {
  const found = new Map<string, string>();
  for (const { language, imports, beside } of habitsOf(traits)) {
    if (beside !== undefined && !isOpen(beside)) continue;
    for (const { name, full } of traits.imports.map(parseImportName)) {
      if (imports.includes(name)) found.set(full, found.get(full) ?? language);
    }
  }
  return found;
}

/** The ambient families without which no module of the language starts, with the language. */
export function startNeeds(traits: Traits): Map<Ambient, string> {
  return new Map(
    habitsOf(traits).flatMap(({ language, needs }) => needs.map((need) => [need, language] as const)),
  );
}

function habitsOf({ exports = [], producers }: Traits): Habit[] {
  const isNamed = (wanted: Habit["producers"]) =>
    wanted.some((each) => producers.some((producer) => matches(producer, each)));
  return habits.filter(
    (habit) =>
      isNamed(habit.producers) &&
      !isNamed(habit.without) &&
      habit.exports.every((name) => exports.includes(name)),
  );
}

function matches(producer: Producer, wanted: Habit["producers"][number]): boolean {
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
export function needs(inspection: Traits): Needs {
  const habitual = habitualImports(inspection);
  const asking = inspection.imports.filter((full) => meaningOf(parseImportName(full)).kind !== "structural");
  return {
    program: asking.filter((full) => !habitual.has(full)),
    language: asking.filter((full) => habitual.has(full)),
  };
}
