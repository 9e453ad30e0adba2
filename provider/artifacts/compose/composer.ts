import { join } from "node:path";
import * as z from "zod";
import type { Artifact } from "../artifact.ts";
import { type Digest, digestOf, digestSchema, hexOf } from "../digest.ts";
import { ArtifactError, formatBytes } from "../errors.ts";
import type { Inspector } from "../inspect.ts";
import type { Inspection } from "../inspection.ts";
import { SealError } from "../proof/index.ts";
import { Records } from "../records.ts";
import { damaged, missing, type Store } from "../store.ts";
import { type ComposerOptions, ComposerTool } from "./composerTool.ts";
import { sealCore } from "./coreStubs.ts";
import { type Described, describeModules } from "./modules.ts";
import { explain } from "./problems.ts";
import {
  type ComponentFile,
  type ComposerLink,
  type ComposerReply,
  type ComposerRequest,
  linkSchema,
} from "./protocol.ts";
import {
  type CompositionRecipe,
  composerVersion,
  encodeRecipe,
  ingredient,
  parseCompositionRecipe,
  recipeOfPlan,
  recipeOfText,
  textOf,
} from "./recipe.ts";
import { sealRequest, withSeal } from "./seal.ts";
import {
  type Adaptation,
  type Composition,
  CompositionError,
  type CompositionSpec,
  type ModuleWorld,
  type Plan,
  type Remark,
} from "./types.ts";
import { requirePlanned } from "./verify.ts";
import { wire } from "./wiring.ts";

/** Bytes of a composition: what a module may have. */
const maxSize = 256 * 1024 ** 2;

export interface ComposeOptions {
  signal?: AbortSignal | undefined;
}

export type Planned =
  | { problems: [Remark, ...Remark[]]; notes: Remark[] }
  | {
      problems: [];
      notes: Remark[];
      /** Absent where the declaration is a WAC text. */
      plan?: Plan;
      /** What the artifact's recipe will be. */
      recipe: string;
      /** The WAC text that is composed. */
      wac: string;
    };

const outcomeSchema = z.strictObject({ digest: digestSchema });
const linksSchema = z.strictObject({ links: z.array(linkSchema) });

/**
 * Composes modules of the store, in a process of its own. Results are kept by recipe, so that an unchanged composition is
 * made once on a machine; while it is known, no process starts and no composer is loaded.
 */
export class Composer {
  private readonly store: Store;
  private readonly inspector: Inspector;
  private readonly tool: ComposerTool;
  private readonly compositions: Records<z.output<typeof outcomeSchema>>;
  private readonly adaptations: Records<z.output<typeof outcomeSchema>>;
  private readonly links: Records<z.output<typeof linksSchema>>;

  constructor(store: Store, inspector: Inspector, options: ComposerOptions = {}) {
    this.store = store;
    this.inspector = inspector;
    this.tool = new ComposerTool(options);
    const folder = (name: string) => join(store.folder, name, composerVersion);
    this.compositions = new Records(folder("compositions"), outcomeSchema);
    this.adaptations = new Records(folder("adaptations"), outcomeSchema);
    this.links = new Records(folder("links"), linksSchema);
  }

  /**
   * Decides the wiring by the modules' names alone; types are compared by `compose`. Core modules are adapted for it.
   *
   * @throws ArtifactError `cancelled`, `cache`, `time-limit`
   */
  async plan(spec: CompositionSpec, { signal }: ComposeOptions = {}): Promise<Planned> {
    const { modules, problems } = await describeModules(spec.modules, {
      inspector: this.inspector,
      ensure: (artifact) => this.ensure(artifact, { signal }),
      adapt: (digest, kind) => this.adapted(digest, kind, signal),
      signal,
    });
    const [first, ...others] = problems;
    if (first) return { problems: [first, ...others], notes: [] };
    const worlds = mapValues(modules, ({ world }) => world);
    if (spec.wac !== undefined) return this.planText(spec, modules, worlds, signal);
    const wiring = wire({ modules: worlds, links: spec.links, exports: spec.exports });
    if (!wiring.plan) return wiring;
    const planned = recipeOfPlan(
      wiring.plan,
      mapValues(modules, ({ content }) => content),
    );
    const recipe = withSeal(planned, worlds, spec.access);
    return { ...wiring, recipe: encodeRecipe(recipe), wac: textOf(recipe) };
  }

  /** A user's text says its links itself; they are asked of the composer, for what is sealed depends on them. */
  private async planText(
    spec: CompositionSpec,
    modules: Record<string, Described>,
    worlds: Record<string, ModuleWorld>,
    signal: AbortSignal | undefined,
  ): Promise<Planned> {
    const given = (["links", "exports"] as const).filter((name) => spec[name] !== undefined);
    const [first, ...others] = given.map((path) => ({
      path,
      message: "The WAC text says it: leave it out.",
    }));
    if (first) return { problems: [first, ...others], notes: [] };
    const wac = spec.wac ?? "";
    const contents = mapValues(modules, ({ content }) => content);
    const unsealed = recipeOfText(wac, contents, []);
    if (spec.access === undefined) return { problems: [], notes: [], recipe: encodeRecipe(unsealed), wac };
    const links = await this.linksOf(unsealed, signal);
    const recipe = withSeal(recipeOfText(wac, contents, links), worlds, spec.access);
    return { problems: [], notes: [], recipe: encodeRecipe(recipe), wac };
  }

  /** @throws CompositionError for what is wrong with the text */
  private async linksOf(recipe: CompositionRecipe, signal: AbortSignal | undefined): Promise<ComposerLink[]> {
    const key = recordKey(encodeRecipe(recipe));
    const known = await this.links.recall(key);
    if (known) return known.links;
    const text = textOf(recipe);
    const modules = await this.components(recipe, signal);
    const reply = await this.tool.ask({ kind: "links", text, modules }, signal);
    if ("problems" in reply) throw new CompositionError(explain(reply.problems, { recipe, text }));
    if (!("links" in reply)) throw await this.failure(reply, modules);
    await this.links.remember(key, { links: reply.links });
    return reply.links;
  }

  /** `sealCore` of `coreStubs.ts`. */
  async sealCore(
    digest: Digest,
    denied: readonly string[],
    { signal }: ComposeOptions = {},
  ): Promise<Digest> {
    return sealCore(digest, denied, { store: this.store, tool: this.tool, signal });
  }

  /**
   * Composes, unless the result is known. The bytes are put into the store then; `ensure` has them there for certain.
   *
   * @throws CompositionError with all problems that were found; ArtifactError `cancelled`, `cache`, `time-limit`
   */
  async compose(spec: CompositionSpec, { signal }: ComposeOptions = {}): Promise<Composition> {
    const planned = await this.plan(spec, { signal });
    if (planned.problems.length > 0) throw new CompositionError(planned.problems);
    if (!("recipe" in planned)) throw new Error("A plan without problems has no recipe.");
    const { recipe, plan, notes } = planned;
    const { digest, size, imports, exports } =
      (await this.known(recipe, signal)) ?? (await this.composed(recipe, plan, signal));
    return { artifact: { digest, kind: "component", recipe }, digest, size, imports, exports, notes };
  }

  /**
   * Has the bytes of an artifact in the store: those of a composition are made again from its recipe, from its modules'
   * bytes, and checked against its digest.
   *
   * @throws ArtifactError `not-found` when bytes are gone that nothing here can make; others as `compose`
   */
  async ensure(artifact: Artifact, { signal }: ComposeOptions = {}): Promise<Digest> {
    const { digest } = artifact;
    if (await this.store.has(digest)) return digest;
    const recipe = parseCompositionRecipe(artifact.recipe);
    if (!recipe) throw missing(digest);
    const made = await this.make(recipe, undefined, signal);
    if (made === digest) return digest;
    throw new ArtifactError(
      "not-found",
      recipe.composer === composerVersion
        ? `The bytes of ${digest} are not in this machine's cache, and its recipe gives ${made}. Run with the Composition that they come from.`
        : `The bytes of ${digest} are not in this machine's cache, and composer ${composerVersion} makes others from its recipe than composer ${recipe.composer} did. Run with the Composition that they come from, which takes the new ones.`,
    );
  }

  /** Composes a recipe, whether its result is known or not. @returns the digest of the bytes, which are in the store */
  async remake(recipe: string, { signal }: ComposeOptions = {}): Promise<Digest> {
    const parsed = parseCompositionRecipe(recipe);
    if (!parsed) throw new Error("This is the recipe of a module, which nothing composes.");
    return this.make(parsed, undefined, signal);
  }

  /** Ends the process, and what is under way as cancelled. */
  async close(): Promise<void> {
    await this.tool.close();
  }

  /** Of a known composition nothing is asked but its inspection, which is on disk as well. */
  private async known(recipe: string, signal: AbortSignal | undefined): Promise<Inspection | undefined> {
    const known = await this.compositions.recall(recordKey(recipe));
    return known && this.inspected(known.digest, signal);
  }

  /** @returns undefined where neither the inspection nor the bytes are here */
  private async inspected(digest: Digest, signal: AbortSignal | undefined): Promise<Inspection | undefined> {
    try {
      return await this.inspector.inspect(digest, { signal });
    } catch (error) {
      if (error instanceof ArtifactError && (error.code === "not-found" || error.code === "damaged")) {
        return undefined;
      }
      throw error;
    }
  }

  private async composed(
    recipe: string,
    plan: Plan | undefined,
    signal: AbortSignal | undefined,
  ): Promise<Inspection> {
    const parsed = parseCompositionRecipe(recipe);
    if (!parsed) throw new Error("A plan's recipe is one of a composition.");
    const digest = await this.make(parsed, plan, signal);
    const inspection = await this.inspector.inspect(digest, { signal });
    // Of a sealed one more than this has been proven.
    if (plan && !parsed.seal) requirePlanned(plan, inspection);
    await this.compositions.remember(recordKey(recipe), { digest });
    return inspection;
  }

  /** Makes the bytes of a recipe, whatever is there already. */
  private async make(
    recipe: CompositionRecipe,
    plan: Plan | undefined,
    signal: AbortSignal | undefined,
  ): Promise<Digest> {
    const modules = await this.components(recipe, signal);
    const text = textOf(recipe);
    const links = (recipe.links ?? []).map(([importer, wanted, exporter, given]) => {
      return { importer, import: wanted, exporter, export: given };
    });
    const seals = await this.seals(recipe, modules, signal);
    const reply = await this.tool.ask(
      { kind: "compose", text, modules, links, ...(seals && { seals }) },
      signal,
    );
    if ("bytes" in reply) return this.add(reply.bytes, signal);
    if ("problems" in reply) throw new CompositionError(explain(reply.problems, { recipe, text, plan }));
    if ("error" in reply && reply.error === "unproven") throw unproven(reply.message, recipe);
    throw await this.failure(reply, modules);
  }

  /** The modules of a recipe as components, whose bytes are in the store then. */
  private async components(
    recipe: CompositionRecipe,
    signal: AbortSignal | undefined,
  ): Promise<ComponentFile[]> {
    const modules: ComponentFile[] = [];
    for (const [name, content] of Object.entries(recipe.modules)) {
      const { digest, adapt, recipe: nested } = ingredient(content);
      await this.ensure(
        { digest, kind: adapt ? "core" : "component", recipe: nested ? encodeRecipe(nested) : digest },
        { signal },
      ).catch((error) => {
        throw aboutModule(name, error);
      });
      const component = adapt ? await this.adapt(digest, adapt, signal) : digest;
      modules.push({ name, digest: component, path: this.store.path(component) });
    }
    return modules;
  }

  private async seals(
    recipe: CompositionRecipe,
    modules: readonly ComponentFile[],
    signal: AbortSignal | undefined,
  ): Promise<Extract<ComposerRequest, { kind: "compose" }>["seals"]> {
    if (recipe.seal === undefined) return undefined;
    const worlds: Record<string, Inspection> = {};
    for (const { name, digest } of modules) worlds[name] = await this.inspector.inspect(digest, { signal });
    return sealRequest(recipe, recipe.seal, worlds);
  }

  private async add(bytes: Uint8Array, signal: AbortSignal | undefined): Promise<Digest> {
    if (bytes.length <= maxSize) return (await this.store.addBytes(bytes, { signal, maxSize })).digest;
    const message = `The composition has ${formatBytes(bytes.length)}; the limit is ${formatBytes(maxSize)}. Compose fewer or smaller modules.`;
    throw new CompositionError([{ path: "modules", message }]);
  }

  /** As `adapt`, for whoever wants to know the component's world only. */
  private async adapted(
    digest: Digest,
    adaptation: Adaptation,
    signal: AbortSignal | undefined,
  ): Promise<Digest> {
    const known = await this.adaptations.recall(adaptationKey(digest, adaptation));
    if (known && (await this.inspected(known.digest, signal))) return known.digest;
    return this.adapt(digest, adaptation, signal);
  }

  /** Makes a component of a core module, unless it is there. @returns the component's digest, whose bytes are there */
  private async adapt(
    digest: Digest,
    adaptation: Adaptation,
    signal: AbortSignal | undefined,
  ): Promise<Digest> {
    const key = adaptationKey(digest, adaptation);
    const known = await this.adaptations.recall(key);
    if (known && (await this.store.has(known.digest))) return known.digest;
    const module = { name: "", digest, path: this.store.path(digest) };
    const reply = await this.tool.ask({ kind: "adapt", module, adaptation }, signal);
    if (!("bytes" in reply)) throw await this.failure(reply, [module]);
    const { digest: component } = await this.store.addBytes(reply.bytes, { signal });
    await this.adaptations.remember(key, { digest: component });
    return component;
  }

  private async failure(reply: ComposerReply, modules: readonly ComponentFile[]): Promise<Error> {
    if (!("error" in reply)) return new Error("The composer answered what it was not asked.");
    const digest = modules.find((module) => module.name === reply.module)?.digest;
    if (reply.error === "adapt") return new ArtifactError("not-deployable", reply.message);
    if (reply.error !== "fault" && digest) {
      if (reply.error === "not-found") return missing(digest);
      await this.store.discard(digest);
      return damaged(digest);
    }
    return new CompositionError([
      {
        path: "",
        message: `The modules are beyond what the composer can do (${firstLine(reply.message)}). Compose fewer or smaller ones, or report it with the modules.`,
      },
    ]);
  }
}

/** What no seal can allow is a defect of the composer, unless a text of the user's asks for it. */
function unproven(discrepancies: string, { wac }: CompositionRecipe): Error {
  if (wac === undefined) return new SealError([discrepancies]);
  const message = `The text wires the modules in a way that cannot be sealed: ${discrepancies}. Give modules what other modules export, and leave what the host serves to \`...\`.`;
  return new CompositionError([{ path: "wac", message }]);
}

function recordKey(recipe: string): string {
  return hexOf(digestOf(Buffer.from(recipe)));
}

function adaptationKey(digest: Digest, adaptation: Adaptation): string {
  return `${hexOf(digest)}-${adaptation}`;
}

function aboutModule(name: string, error: unknown): unknown {
  if (!(error instanceof ArtifactError) || error.code === "cancelled") return error;
  return new ArtifactError(error.code, `Module \`${name}\`: ${error.message}`, {
    cause: error,
    property: `modules.${name}`,
  });
}

function mapValues<T, U>(record: Record<string, T>, change: (value: T) => U): Record<string, U> {
  return Object.fromEntries(Object.entries(record).map(([key, value]) => [key, change(value)]));
}

function firstLine(text: string): string {
  return text.split("\n", 1)[0]?.slice(0, 500) ?? "";
}
