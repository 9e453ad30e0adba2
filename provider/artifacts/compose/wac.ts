/** A plan as a text in the WAC language: https://github.com/bytecodealliance/wac/blob/main/LANGUAGE.md */
import type { Plan } from "./types.ts";

/**
 * A module's name is a name of WAC: the text, errors and the names of variables speak of it. Words of lower-case letters
 * and digits that begin with a letter, joined by hyphens.
 */
export const moduleName = /^[a-z][a-z0-9]*(-[a-z][a-z0-9]*)*$/;

/**
 * Writes the text. Arguments are given by name, each line one; what is not given (`...`) becomes an import of the result,
 * one for all modules. `%` makes words of the language names.
 */
export function wacText({ modules, links, exports }: Pick<Plan, "modules" | "links" | "exports">): string {
  const instances = modules.flatMap((name) => {
    const given = links.filter((link) => link.from === name);
    const lines = given.map((link) => `  ${quote(link.import)}: %${link.to}[${quote(link.export)}],`);
    return [`let %${name} = new module:${name} {`, ...lines, "  ...", "};"];
  });
  const exported = exports.map((item) => `export %${item.from}[${quote(item.export)}];`);
  return `${["package pulumi-wasm:composition;", "", ...instances, "", ...exported].join("\n")}\n`;
}

/** The modules that instances on these lines are made of: errors of the composer name places. */
export function moduleAt(text: string, line: number): string | undefined {
  const lines = text.split("\n").slice(0, line).reverse();
  for (const candidate of lines) {
    const name = /^let %(\S+) = new /.exec(candidate)?.[1];
    if (name !== undefined) return name;
  }
  return undefined;
}

/** Names of interfaces hold no quotes; one that does is not known to wac. */
function quote(name: string): string {
  return `"${name.replaceAll('"', "")}"`;
}
