import * as z from "zod";
import { rulesSchema } from "../capabilities/rules.ts";
import { digestSchema } from "./digest.ts";

/**
 * Part of the key of cached inspections: raise the first number when an inspection comes to say something else.
 * The second part is the version of the parser (a test holds it against what is installed).
 */
export const inspectorVersion = "3-jco-transpile-0.15.0";

const producerSchema = z.strictObject({
  /** `language`, `processed-by` or `sdk`, by the tool conventions' producers section. */
  field: z.string(),
  name: z.string(),
  version: z.string(),
});

const keys = z.record(z.string(), z.string());

/** One module of a sealed composition, as its bytes say; `proof/seal.ts` says what each field means. */
const sealedModuleSchema = z.strictObject({
  name: z.string().optional(),
  digest: digestSchema,
  rules: z
    .strictObject({
      module: z.string(),
      rules: rulesSchema,
      hostKeys: z.strictObject({ environment: keys, config: keys }),
    })
    .optional(),
  guards: z.array(z.strictObject({ digest: digestSchema, serves: z.array(z.string()) })),
  denied: z.array(z.string()),
  traps: z.array(z.string()),
  open: z.array(z.string()),
  linked: z.array(z.string()),
});

export type SealedModule = z.infer<typeof sealedModuleSchema>;

export type Producer = z.infer<typeof producerSchema>;

/** What a module says of itself, by content alone: the same bytes give the same inspection. */
export const inspectionSchema = z.strictObject({
  digest: digestSchema,
  kind: z.enum(["component", "core"]),
  /** Bytes. */
  size: z.int().nonnegative(),
  /**
   * Sorted. Of a component: full WIT names with versions (`wasi:http/types@0.2.3`), plain names of functions and resources
   * (`log`), and `label: interface` where a plain name stands for an interface (`cache: wasi:keyvalue/store@0.2.0-draft`).
   * Types alone are left out. Of a core module: `module#name`.
   */
  imports: z.array(z.string()),
  /** As `imports`; of a core module the plain names. */
  exports: z.array(z.string()),
  /** From the producers sections, names only, sorted; what a module claims, not a fact. */
  languages: z.array(z.string()),
  /** All producers of the module and of the modules in it, sorted, each once. */
  producers: z.array(producerSchema),
  /** Versions of WASI that imports and exports name, sorted: `0.2.3`, `0.3.0`, `preview1` for core modules. */
  wasiVersions: z.array(z.string()),
  /** The root world as text, without the bodies of interfaces; empty for a core module. */
  wit: z.string(),
  /** Imports of a component whose types carry handles: over them a neighbour can hand on what it holds. */
  handles: z.array(z.string()).optional(),
  /** The modules of a sealed composition, each with what it may do. Absent: nothing is sealed in it. */
  sealed: z.array(sealedModuleSchema).optional(),
});

export type Inspection = z.infer<typeof inspectionSchema>;
