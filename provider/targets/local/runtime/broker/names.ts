/** Look-ups of an instance's guest, and the addresses that they returned. */
import { lookup } from "node:dns/promises";
import type { Rules } from "../../../../capabilities/rules.ts";
import type { IpAddress } from "../messages.ts";
import { canonicalHost, grantedName, reachable } from "../policy.ts";
import type { Context } from "./broker.ts";

export async function resolve(host: string): Promise<IpAddress[]> {
  const found = await lookup(host, { all: true, verbatim: true });
  return found.map(({ address, family }) => ({ address, family: family === 6 ? 6 : 4 }));
}

export class Names {
  readonly #rules: Rules;
  readonly #returned = new Map<string, Set<string>>();

  constructor(rules: Rules) {
    this.#rules = rules;
  }

  /** Whether a look-up of `name` (as in the grant, `*.suffix` included) returned the address. */
  returned(name: string, address: string): boolean {
    for (const [host, addresses] of this.#returned) {
      if (grantedName([name], host) && addresses.has(address)) return true;
    }
    return false;
  }

  async look(channel: number, name: string, { reply, log }: Context): Promise<void> {
    const host = canonicalHost(name);
    if (host === undefined) return reply({ type: "socketError", channel, code: "invalid-argument" });
    if (!grantedName(this.#rules.nameLookup, host)) {
      return reply({ type: "socketError", channel, code: "access-denied" });
    }
    try {
      const all = await resolve(host);
      const addresses = reachable(host, all);
      if (addresses.length < all.length) log(`${host} has addresses that are not public: they were left out`);
      const known = this.#returned.get(host) ?? new Set();
      for (const { address } of addresses) known.add(address);
      this.#returned.set(host, known);
      reply({ type: "addresses", channel, addresses });
    } catch (error) {
      const temporary = (error as NodeJS.ErrnoException).code === "EAI_AGAIN";
      const code = temporary ? "temporary-resolver-failure" : "name-unresolvable";
      reply({ type: "socketError", channel, code });
    }
  }
}
