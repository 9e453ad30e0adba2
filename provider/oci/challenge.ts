/** `WWW-Authenticate` (RFC 9110, 11.6.1): several challenges, in one header or in several. */

export interface Challenge {
  /** Lower case. */
  scheme: string;
  /** Names in lower case. */
  parameters: Readonly<Record<string, string>>;
}

const token = "[!#$%&'*+.^_`|~0-9A-Za-z-]+";
const parameter = new RegExp(`(${token})[ \\t]*=[ \\t]*(?:"((?:[^"\\\\]|\\\\.)*)"|(${token}))`, "y");
const scheme = new RegExp(`(${token})(?=[ \\t,]|$)`, "y");
const separator = /[ \t,]+/y;

/** What can be understood of the challenges, in their order; what cannot ends the reading of its header. */
export function parseChallenges(value: string | string[] | undefined): Challenge[] {
  return [value ?? []].flat().flatMap(parseOne);
}

function parseOne(header: string): Challenge[] {
  const found: { scheme: string; parameters: Record<string, string> }[] = [];
  let position = 0;
  const take = (pattern: RegExp): RegExpExecArray | undefined => {
    pattern.lastIndex = position;
    const matched = pattern.exec(header);
    if (matched) position = pattern.lastIndex;
    return matched ?? undefined;
  };
  while (position < header.length) {
    if (take(separator)) continue;
    const pair = take(parameter);
    const current = found.at(-1);
    if (pair && current) {
      current.parameters[pair[1]!.toLowerCase()] = pair[2]?.replace(/\\(.)/g, "$1") ?? pair[3]!;
      continue;
    }
    const named = pair ? undefined : take(scheme);
    if (!named) break;
    found.push({ scheme: named[1]!.toLowerCase(), parameters: {} });
  }
  return found;
}
