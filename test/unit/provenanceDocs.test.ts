/** What others are told of the grants report, against the report itself. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { parse } from "yaml";
import type { SealedModule } from "../../provider/artifacts/inspection.ts";
import { noRules } from "../../provider/capabilities/lattice.ts";
import { grantsPredicate, grantsStatement } from "../../provider/oci/provenance/attestation.ts";
import { signaturePredicate } from "../../provider/oci/provenance/statement.ts";
import { digestOf } from "./composeSetup.ts";

const read = (path: string) => readFile(join(import.meta.dirname, "../..", path), "utf8");
const digest = digestOf(Buffer.from("bytes"));

/** A module with all that a report can tell. */
const module: SealedModule = {
  name: "api",
  digest,
  rules: {
    module: "api",
    rules: {
      ...noRules(),
      http: [{ scheme: "https", host: "api.example.com", port: 443 }],
      environment: ["KEY"],
    },
    hostKeys: { environment: {}, config: {} },
  },
  guards: [
    {
      digest: digestOf(await readFile(join(import.meta.dirname, "../../composer/guards/http.wasm"))),
      serves: [],
    },
  ],
  denied: [],
  traps: [],
  open: [],
  linked: [],
};

/** Names of the fields, at each level; of lists the first item's. */
function shape(value: unknown): unknown {
  if (Array.isArray(value)) return typeof value[0] === "object" ? [shape(value[0])] : "list";
  if (typeof value !== "object" || value === null) return typeof value;
  return Object.fromEntries(Object.entries(value).map(([key, part]) => [key, shape(part)]));
}

test("the page shows a report as it is written, and says what each field is", async () => {
  const page = await read("docs/provenance.md");
  const shown = JSON.parse(/```json\n(.+?)```/s.exec(page)?.[1] ?? "");
  const written = JSON.parse(String(await grantsStatement(digest, { artifact: digest, modules: [module] })));
  expect(shape(shown)).toEqual(shape(written));
  expect(shown.predicateType).toBe(grantsPredicate);
  for (const field of Object.keys(written.predicate.modules[0])) expect(page).toContain(`\`${field}\``);
  expect(page).toContain(signaturePredicate);
  expect(page).toContain(`--type ${grantsPredicate}`);
});

test("the example of a policy asks for the report by its type", async () => {
  const policy = parse(await read("examples/registry/policy-kyverno.yaml"));
  expect(policy.spec.attestations).toEqual([{ name: "grants", intoto: { type: grantsPredicate } }]);
  expect(policy.spec.attestors[0].cosign.ctlog.insecureIgnoreTlog).toBe(true);
});
