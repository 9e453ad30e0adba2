/** A grant whose value is known after apply only, and is wrong then: `up` says what preview says of a value that is known. */
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { stringify } from "yaml";
import { type EngineFailure, guest, Workspace } from "./workspace.ts";

let workspace: Workspace;
beforeAll(async () => {
  workspace = await Workspace.create();
  await workspace.write({});
  await workspace.stack();
  const config = { "wasm:maximumGrants": { http: ["https://api.example.com"], unlimited: ["config"] } };
  await writeFile(join(workspace.program, "Pulumi.dev.yaml"), stringify({ config }));
});
afterAll(() => workspace?.remove());

interface Case {
  guest: string;
  /** The grant's inputs, with the address of a server in them. */
  grant: (address: string) => object;
  bindings?: object;
}

// biome-ignore-start lint/suspicious/noTemplateCurlyInString: YAML programs refer to resources so
/** An App whose address is not known before its server has started, and another one with the grant. */
async function declare(source: string, address: string, { guest: name, grant, bindings = {} }: Case) {
  const module = (of: string) => ({
    type: "wasm:Module",
    properties: { file: { "fn::fileAsset": guest(of) } },
  });
  const app = (properties: object) => ({
    type: "wasm:App",
    properties: { target: "${edge.target}", local: { start: false }, ...properties },
  });
  await workspace.write({
    resources: {
      echo: module("echo"),
      asking: module(name),
      edge: { type: "wasm:EdgeTarget", properties: { local: {} } },
      [source]: app({ artifact: "${echo.artifact}", local: {} }),
      grant: { type: "wasm:CapabilityGrant", properties: grant(address) },
      app: app({ artifact: "${asking.artifact}", grants: ["${grant.grant}"], bindings }),
    },
  });
}
// biome-ignore-end lint/suspicious/noTemplateCurlyInString: as above

/** What the engine says of the inputs in a run that fails. */
async function problemsOf(run: Promise<unknown>): Promise<string[]> {
  const { outcome } = await run.then(
    () => expect.fail("it went through"),
    (error: EngineFailure) => error,
  );
  return outcome.messages.filter((text) => text.includes(" property "));
}

async function addressOf(source: string): Promise<string> {
  const state = await workspace.state();
  const server = state.find(({ type, urn }) => type === "wasm:local:Server" && urn.endsWith(`::${source}`));
  return String(server?.outputs?.url);
}

test.each<[what: string, source: string, wrong: Case, messages: string[]]>([
  [
    "is malformed",
    "first",
    { guest: "client", grant: (address) => ({ http: [`${address}/v1`] }) },
    ["http[0] value {<nil>} has a problem: has a path or query, but a grant names whole origins"],
  ],
  [
    "names a key that is not bound, and an origin above the stack's maximum",
    "second",
    {
      guest: "config",
      grant: (address) => ({ config: ["greeting", address], http: [address] }),
      bindings: { main: { config: { greeting: "hello" } } },
    },
    [
      "is above the maximum: wasm:maximumGrants allows http https://api.example.com.",
      "has a problem: is granted, but bound to no value",
    ],
  ],
])("a grant that %s", async (_what, source, wrong, messages) => {
  await declare(source, `\${${source}.url}`, wrong);
  await workspace.preview();
  const inUp = await problemsOf(workspace.up());
  expect(inUp).toEqual(messages.map((message) => expect.stringContaining(message)));
  await declare(source, await addressOf(source), wrong);
  expect(await problemsOf(workspace.preview())).toEqual(inUp);
});
