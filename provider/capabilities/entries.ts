/** The entries of rules as text: how messages, reports and accepted risks name them. */
import { formatFile, formatOrigin, formatSocket } from "./parse.ts";
import type { Rules } from "./rules.ts";
import { type Family, families } from "./vocabulary.ts";

export interface Entry {
  family: Family;
  /** `https://api.example.com`, `tcp 10.0.0.0/8 ports 5432`, `read /data from catalog`, `STRIPE_KEY`. */
  text: string;
}

/** All entries but the ambient ones, in the families' order. */
export function entriesOf(rules: Rules): Entry[] {
  const texts: Record<Family, string[]> = {
    ...rules,
    http: rules.http.map(formatOrigin),
    sockets: rules.sockets.map(formatSocket),
    filesystem: rules.filesystem.map(formatFile),
  };
  return families.flatMap((family) => texts[family].map((text) => ({ family, text })));
}
