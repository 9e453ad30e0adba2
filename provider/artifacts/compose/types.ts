import { UserError } from "../../errors.ts";
import type { Artifact } from "../artifact.ts";

/** What a core module for WASI preview 1 becomes: a program with a start, or a library that is called. */
export type Adaptation = "command" | "reactor";

export interface CompositionModule {
  artifact: Artifact;
  /** Only for core modules. Absent: inferred from their exports. */
  adapt?: Adaptation | undefined;
}

/** `from` takes its import `import` from what `to` exports. The version may be left out where there is one only. */
export interface Link {
  from: string;
  import: string;
  to: string;
}

/** The result exports what `from` exports as `export`. */
export interface ExportChoice {
  from: string;
  export: string;
}

/** A composition as a user declares it. */
export interface CompositionSpec {
  /** By the name that links, errors and WAC text (`module:<name>`) call them. */
  modules: Record<string, CompositionModule>;
  links?: readonly Link[] | undefined;
  /** Absent: every exported interface that no link consumes. */
  exports?: readonly ExportChoice[] | undefined;
  /** A text in the WAC language in place of links and exports. */
  wac?: string | undefined;
  /**
   * What each module may do, which is then sealed into the bytes; who is not named may do nothing but what every module may.
   * Absent: nothing is sealed, and the modules share the host's rights.
   */
  access?: Readonly<Record<string, ModuleAccess>> | undefined;
}

export interface ModuleAccess {
  /** `grant` outputs of CapabilityGrants, all known. */
  grants?: string[] | undefined;
  /** Imports that the program denies, with or without version. */
  denied?: string[] | undefined;
}

/** The names at the root of a module, as an Inspection has them. */
export interface ModuleWorld {
  imports: readonly string[];
  exports: readonly string[];
}

/** A link with everything decided; interfaces by their full names. */
export interface PlannedLink {
  from: string;
  import: string;
  to: string;
  export: string;
  /** Where the program names it (`links[0]`); absent: inferred. */
  path?: string;
}

export interface PlannedExport {
  from: string;
  export: string;
}

/** An import that no module gives: it becomes an import of the result. */
export interface UnmetImport {
  /** On one version track, the highest version that a module asks for. */
  name: string;
  /** The modules that share it, sorted. */
  by: string[];
}

/** How modules are wired. Equal declarations over equal worlds give equal plans. */
export interface Plan {
  /** Each after those that it takes from; otherwise by name. */
  modules: string[];
  /** Sorted by `from` and `import`. */
  links: PlannedLink[];
  /** Sorted by name. */
  exports: PlannedExport[];
  /** Sorted by name. */
  unmet: UnmetImport[];
}

/** Something at one property of the declaration: `links[0].to`, `modules.api`. The path is empty for all of it. */
export interface Remark {
  path: string;
  message: string;
  /** Nothing is wrong with the declaration: bytes that it needs are not on this machine. */
  missing?: true;
}

export type Wiring =
  | { plan: Plan; notes: Remark[]; problems: [] }
  | { plan?: undefined; notes: Remark[]; problems: [Remark, ...Remark[]] };

/** What came out. The bytes are, or were, in the store; `Composer.ensure` has them there. */
export interface Composition {
  artifact: Artifact;
  digest: Artifact["digest"];
  /** Bytes. */
  size: number;
  /** Of the result, as an Inspection names them. */
  imports: string[];
  exports: string[];
  /** What is done otherwise than a reader of the declaration may expect, such as an export that nothing is linked to. */
  notes: Remark[];
}

/** The declaration cannot be composed. `problems` has everything that was found, at the properties to change. */
export class CompositionError extends UserError {
  override readonly name = "CompositionError";
  readonly problems: readonly Remark[];

  constructor(problems: readonly Remark[], options?: ErrorOptions) {
    const [first] = problems;
    super(problems.map((problem) => problem.message).join("\n"), first?.path, options);
    this.problems = problems;
  }
}
