/** What the local target enforces by itself: the host functions check each call, whatever the artifact holds. */
import { calleeName } from "../../capabilities/callee.ts";
import { entriesOf } from "../../capabilities/entries.ts";
import type { TargetEnforcement } from "../../capabilities/report.ts";
import type { Rules } from "../../capabilities/rules.ts";
import { type Family, meaningOf, parseImportName } from "../../capabilities/vocabulary.ts";

const verdicts: Record<Family, { verdict: "exact" | "unavailable"; note?: string }> = {
  http: {
    verdict: "exact",
    note: "redirects are not followed; a public name opens no private address",
  },
  sockets: { verdict: "exact", note: "outgoing only; a name opens what its granted look-up returned" },
  nameLookup: { verdict: "exact" },
  filesystem: { verdict: "exact", note: "the folder of the bound volume; no symbolic links are made" },
  environment: { verdict: "exact" },
  config: { verdict: "exact" },
  keyValue: { verdict: "unavailable", note: "it has no key-value stores yet" },
  blobs: { verdict: "unavailable", note: "it has no blob stores yet" },
  messaging: { verdict: "unavailable", note: "it has no messaging yet" },
  sql: { verdict: "unavailable", note: "it has no databases yet" },
  calls: { verdict: "exact", note: "the App of this name in the same stack, on this machine" },
  interfaces: { verdict: "unavailable", note: "it provides no interfaces beyond WASI" },
};

/** A module of the App, by what it asks of the host and what it may do. */
interface Neighbour {
  name: string;
  imports: readonly string[];
  rules: Rules;
}

/**
 * The host functions check each call of the component, and cannot tell which of its modules it comes from: what one was
 * granted, another one that asks for the same kind of thing gets as well.
 */
export function localEnforcement(modules: readonly Neighbour[]): TargetEnforcement {
  return {
    name: "local",
    enforce(family, text, module) {
      const own = family === "calls" ? callVerdict(text) : verdicts[family];
      const others = modules.filter((other) => other.name !== module && couldUse(other, family, text));
      if (own.verdict !== "exact" || others.length === 0) return own;
      const names = others.map(({ name }) => name).join(", ");
      return { verdict: "looser", note: `the target alone would let ${names} use it as well` };
    },
  };
}

function callVerdict(label: string): { verdict: "exact" | "unavailable"; note?: string } {
  const { namespace, port } = calleeName(label);
  if (namespace === undefined && port === 80) return verdicts.calls;
  return { verdict: "unavailable", note: "this machine knows Apps by their name alone" };
}

function couldUse({ imports, rules }: Neighbour, family: Family, text: string): boolean {
  const isGrantedToo = entriesOf(rules).some((entry) => entry.family === family && entry.text === text);
  return !isGrantedToo && imports.some((full) => opens(full, family));
}

function opens(full: string, family: Family): boolean {
  const meaning = meaningOf(parseImportName(full));
  return meaning.kind === "opened" && meaning.openers.includes(family);
}
