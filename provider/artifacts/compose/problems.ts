/** Puts what the composer finds into the user's names and at the property to change. */
import { propertyPath } from "../../schema/parse.ts";
import type { ComposerProblem } from "./protocol.ts";
import type { CompositionRecipe } from "./recipe.ts";
import type { Plan, Remark } from "./types.ts";
import { moduleAt } from "./wac.ts";

interface Composed {
  recipe: CompositionRecipe;
  /** The WAC text that was composed. */
  text: string;
  /** Absent when the text is the user's, and when a recipe is made again. */
  plan?: Plan | undefined;
}

export function explain(problems: readonly ComposerProblem[], composed: Composed): Remark[] {
  return problems.map((problem) => explainOne(problem, composed));
}

function explainOne(problem: ComposerProblem, composed: Composed): Remark {
  const link = linkOf(problem, composed);
  if (problem.kind === "mismatch" && link) return mismatch(problem, link);
  if (problem.kind === "owner" && link) return owner(problem, link);
  if (problem.kind === "left-behind" && link) return leftBehind(problem, link);
  if (problem.kind === "unreadable" && problem.module) {
    const message = `\`${problem.module}\` cannot be composed: ${said(problem)}. Build it again with current tools.`;
    return { path: propertyPath(["modules", problem.module]), message };
  }
  if (problem.kind === "unused" && problem.module) {
    const message = `The WAC text does not use \`${problem.module}\`. Instantiate it (\`new module:${problem.module} { ... }\`), or remove it.`;
    return { path: propertyPath(["modules", problem.module]), message };
  }
  if (problem.kind === "sealing") return sealing(problem);
  if (problem.kind === "conflict") return conflict(problem, composed);
  if (composed.recipe.wac !== undefined)
    return { path: "wac", message: `${place(problem)}${said(problem)}.` };
  if (problem.kind === "invalid" || problem.kind === "mismatch")
    return { path: "", message: invalid(problem) };
  // The text is our own: this is a defect, not something that a user can change.
  throw new Error(`The composer refused its own text: ${place(problem)}${said(problem)}`);
}

interface NamedLink {
  from: string;
  import: string;
  to: string;
  export: string;
  path: string;
}

function linkOf({ link }: ComposerProblem, { recipe, plan }: Composed): NamedLink | undefined {
  const found = link === undefined ? undefined : recipe.links?.[link];
  if (!found) return undefined;
  const [from, wanted, to, given] = found;
  const planned = plan?.links.find((candidate) => candidate.from === from && candidate.import === wanted);
  return {
    from,
    import: wanted,
    to,
    export: given,
    path: planned?.path ?? propertyPath(["modules", from]),
  };
}

function mismatch(problem: ComposerProblem, link: NamedLink): Remark {
  const item = `${link.import}#${itemName(problem.item ?? "")}`;
  const other = link.export === link.import ? "" : ` (its ${link.export})`;
  return {
    path: link.path,
    message: `\`${link.from}\` and \`${link.to}\`${other} differ in ${item}: ${said(problem)}. Build both against the same WIT.`,
  };
}

/** `[method]session.close` is `session.close` in WIT. */
function itemName(name: string): string {
  const [, kind, rest] = /^\[(method|static|constructor)\](.*)$/.exec(name) ?? [];
  if (rest === undefined) return name;
  return kind === "constructor" ? `${rest}.constructor` : rest;
}

function owner({ messages, item }: ComposerProblem, link: NamedLink): Remark {
  const [resource = "", wanted = "", given = ""] = messages;
  const name = (module: string) => (module === "" ? "the host" : `\`${module}\``);
  return {
    path: link.path,
    message: `\`${link.from}\` takes ${link.import} from \`${link.to}\`, which uses the resource \`${resource}\` of ${name(given)}, while \`${link.from}\` uses the one of ${name(wanted)}: a resource belongs to one instance. Link ${item} of both to the same module.`,
  };
}

function leftBehind({ messages, item }: ComposerProblem, link: NamedLink): Remark {
  return {
    path: link.path,
    message: `\`${link.from}\` takes ${link.import} from \`${link.to}\`, but its import ${item}, which uses the resource \`${messages[0]}\` of that, stays with the host: a resource belongs to one instance. Give it from a module that takes ${link.import} from \`${link.to}\` as well.`,
  };
}

function conflict(problem: ComposerProblem, { text, recipe }: Composed): Remark {
  if (recipe.wac !== undefined) return { path: "wac", message: `${place(problem)}${said(problem)}.` };
  const modules = problem.positions.flatMap(({ line }) => moduleAt(text, line) ?? []).sort();
  const listed = modules.map((name) => `\`${name}\``).join(" and ");
  const detail = problem.messages.slice(1).join(": ");
  return {
    path: modules[0] === undefined ? "" : propertyPath(["modules", modules[0]]),
    message: `${listed} import \`${problem.item}\` from outside the composition, in types that do not fit together: ${detail}. Build them against the same WIT.`,
  };
}

/** The modules fit together, and do not any more with what keeps them within their grants between them. */
function sealing(problem: ComposerProblem): Remark {
  const text = invalidDetail(problem);
  const module = /^module `([^`]+)`/.exec(text)?.[1];
  return {
    path: module === undefined ? "modules" : propertyPath(["modules", module]),
    message: `The grants cannot be sealed into the composition: ${text}.${sealingHint(text)}`,
  };
}

function sealingHint(text: string): string {
  if (/resource types? (is|are) not the same/.test(text)) {
    return " Modules that hand one another files, sockets or other handles of the host cannot be kept apart: let one of them do what both do with it, or make one module of them.";
  }
  if (/nothing serves `[^:`]+`/.test(text)) {
    return " What a module imports under a name of its own cannot be guarded: import the interface itself.";
  }
  return "";
}

function invalid(problem: ComposerProblem): string {
  const text = invalidDetail(problem);
  const hint = /not valid to be used as export/.test(text)
    ? " An exported interface uses a type of another one, which has to be exported or imported as well: name both in `exports`."
    : "";
  return `The modules do not fit together: ${text}.${hint}`;
}

/** Without numbers that mean something within the validator only. */
function invalidDetail(problem: ComposerProblem): string {
  return said(problem)
    .replace(/\s*\((ResourceId [^()]*|at offset \w+)\)/g, "")
    .replaceAll("\n", ": ");
}

function place({ positions: [position] }: ComposerProblem): string {
  return position ? `line ${position.line}, column ${position.column}: ` : "";
}

function said({ messages }: ComposerProblem): string {
  return messages.join(": ");
}
