/**
 * The grants attestation: what is sealed into an artifact, read back from its bytes, as an in-toto statement about the image
 * that carries it. `docs/provenance.md` shows one and says what each field means.
 */

import { nameOfGuard } from "../../artifacts/compose/guards.ts";
import { type Digest, hexOf } from "../../artifacts/digest.ts";
import type { SealedModule } from "../../artifacts/inspection.ts";
import { entriesOf } from "../../capabilities/entries.ts";
import type { Rules } from "../../capabilities/rules.ts";
import { ambients } from "../../capabilities/vocabulary.ts";
import { publication } from "../../package.ts";
import { encodeStatement } from "./statement.ts";

export const grantsPredicate = `${publication.homepage}/attestations/grants/v1`;

export interface Sealed {
  /** Of the artifact's bytes. */
  artifact: Digest;
  /** `Inspection.sealed` of these bytes; undefined where nothing is sealed in them, which the attestation then says. */
  modules: readonly SealedModule[] | undefined;
}

/** @returns the statement in canonical JSON, the same for the same bytes and version of the guards */
export async function grantsStatement(image: Digest, { artifact, modules }: Sealed): Promise<Buffer> {
  return encodeStatement(image, grantsPredicate, {
    artifact: { digest: digestSet(artifact) },
    sealed: modules !== undefined,
    modules: await Promise.all((modules ?? []).map(told)),
  });
}

async function told({ name, digest, rules, guards, denied, traps, open, linked }: SealedModule) {
  return {
    ...(name !== undefined && { name }),
    digest: digestSet(digest),
    grants: rules ? grantsOf(rules.rules) : {},
    guards: await Promise.all(guards.map(toldGuard)),
    denied,
    traps,
    open,
    linked,
  };
}

async function toldGuard({ digest, serves }: SealedModule["guards"][number]) {
  const name = await nameOfGuard(digest);
  return { ...(name !== undefined && { name }), digest: digestSet(digest), serves };
}

/** Entries by family, as the inputs of a CapabilityGrant have them; families without one are left out. */
function grantsOf(rules: Rules): Record<string, string[]> {
  const grants: Record<string, string[]> = {};
  for (const { family, text } of entriesOf(rules)) {
    grants[family] = [...(grants[family] ?? []), text];
  }
  const ambient = ambients.filter((name) => rules.ambient[name]);
  return ambient.length > 0 ? { ...grants, ambient } : grants;
}

/** In-toto's form of a digest. */
function digestSet(digest: Digest) {
  return { sha256: hexOf(digest) };
}
