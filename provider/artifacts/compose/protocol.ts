/** What provider and composer process say to one another. */
import * as z from "zod";
import type { Digest } from "../digest.ts";
import type { Expected } from "../proof/index.ts";
import type { Adaptation } from "./types.ts";

export interface ComponentFile {
  name: string;
  path: string;
  digest: Digest;
}

export const linkSchema = z.object({
  importer: z.string(),
  import: z.string(),
  exporter: z.string(),
  export: z.string(),
});

export type ComposerLink = z.output<typeof linkSchema>;

/** `seal` of `composer/wit/composer.wit`. */
export interface ComposerSeal {
  module: string;
  rules: string;
  guards: { guard: string; imports: string[]; closed: string[] }[];
  denied: string[];
}

export type ComposerRequest =
  | {
      kind: "compose";
      text: string;
      modules: ComponentFile[];
      links: ComposerLink[];
      /** Absent: nothing is sealed. */
      seals?: { guards: ComponentFile[]; modules: ComposerSeal[]; expected: Expected };
    }
  | { kind: "links"; text: string; modules: ComponentFile[] }
  | { kind: "adapt"; module: ComponentFile; adaptation: Adaptation }
  | { kind: "sealCore"; module: ComponentFile; denied: readonly string[] };

const problemSchema = z.object({
  kind: z.enum([
    "syntax",
    "resolution",
    "unreadable",
    "mismatch",
    "owner",
    "left-behind",
    "conflict",
    "sealing",
    "unused",
    "invalid",
  ]),
  messages: z.array(z.string()),
  positions: z.array(z.object({ line: z.int(), column: z.int() })),
  link: z.int().optional(),
  module: z.string().optional(),
  item: z.string().optional(),
});

/** `composer/wit/composer.wit` says what it means. */
export type ComposerProblem = z.output<typeof problemSchema>;

/** What the process answers; it has parsed untrusted bytes, so the answer is not trusted either. */
export const composerReply = z.union([
  z.object({ bytes: z.instanceof<typeof Uint8Array<ArrayBufferLike>>(Uint8Array) }),
  z.object({ links: z.array(linkSchema) }),
  z.object({ problems: z.array(problemSchema).min(1) }),
  z.object({
    /**
     * `damaged` and `not-found` are about `module`; `adapt` is what the adapter says, `sealCore` what cannot be denied;
     * `unproven`: the bytes are not what was asked for; `fault` ends the process.
     */
    error: z.enum(["damaged", "not-found", "adapt", "sealCore", "unproven", "fault"]),
    message: z.string(),
    module: z.string().optional(),
  }),
]);

export type ComposerReply = z.output<typeof composerReply>;
