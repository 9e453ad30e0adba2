/** Bad input as the user of the real engine reads it: what is said, and that nothing is left behind. */
import { mkdir, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, expect, it } from "vitest";
import { processesOf } from "./processes.ts";
import { type EngineFailure, guest, Workspace } from "./workspace.ts";

let workspace: Workspace;
beforeAll(async () => {
  workspace = await Workspace.create();
  const path = (name: string) => join(workspace.program, name);
  await mkdir(path("real"));
  await symlink("real", path("link"));
  await writeFile(path("file"), "");
});
afterEach(async () => {
  expect(await processesOf(workspace)).toEqual([]);
  expect(await workspace.state()).toEqual([]);
});
afterAll(() => workspace.remove());

type Properties = Record<string, unknown>;

interface Parts {
  module?: Properties;
  grant?: Properties;
  app?: Properties;
}

// biome-ignore-start lint/suspicious/noTemplateCurlyInString: YAML programs refer to resources so
const program = ({ module, grant, app }: Parts) => ({
  resources: {
    api: {
      type: "wasm:Module",
      properties: { file: { "fn::fileAsset": guest("files") }, ...module },
      // The YAML host would find some mistakes by the schema; what the plugin says is wanted.
    },
    access: { type: "wasm:CapabilityGrant", properties: grant ?? {} },
    edge: { type: "wasm:EdgeTarget", properties: { local: {} } },
    app: {
      type: "wasm:App",
      properties: {
        artifact: "${api.artifact}",
        target: "${edge.target}",
        grants: ["${access.grant}"],
        ...app,
      },
    },
  },
});
// biome-ignore-end lint/suspicious/noTemplateCurlyInString: as above

async function failedPreview(parts: Parts): Promise<string> {
  await workspace.write(program(parts));
  const failure = await workspace.preview().then(
    () => undefined,
    (error: EngineFailure) => error,
  );
  return failure?.outcome.messages.join("\n") ?? "It succeeded.";
}

const volume = (folder: string): Parts => ({
  grant: { filesystem: [{ path: "/data", access: "read", volume: "catalog" }] },
  app: { bindings: { main: { volumes: { catalog: { folder } } } } },
});

const secret = (value: unknown) => ({ "fn::secret": value });
const inputs: [input: string, parts: Parts, ...messages: (string | RegExp)[]][] = [
  // The engine itself reads the file first, to know its hash.
  ["a missing file", { module: { file: { "fn::fileAsset": "./none.wasm" } } }, /asset .*"file": .*none\.wasm: no such file or directory/],
  ["an empty file", { module: { file: { "fn::fileAsset": "./file" } } }, /resource 'api': property file .* has a problem: \/.*\/program\/file is empty\. Build the module again\./],
  ["origins that are none", { grant: { http: ["api.example.com", "https://*.*.example.com"] } }, /property http\[0\] .* has a problem: has no scheme; write https:\/\/api\.example\.com/, /property http\[1\] .* has a problem: has a wildcard elsewhere than once/],
  ["wrong values in an App", { app: { local: { port: 70000 }, limits: { memory: 0 } } }, "The inputs have 2 problems", /property local\.port .* has a problem: must be at most 65535/, /property limits\.memory .* has a problem: must be at least 1/],
  ["an import that nothing covers", {}, /property grants .* has a problem: module main imports wasi:filesystem\/preopens@0\.2\.\d, .* and no grant covers them\. Grant/],
  ["a binding that no grant names", { app: { bindings: { main: { environment: { TOKEN: secret("hidden7") } } } } }, /property bindings\.main\.environment\.TOKEN .* has a problem: no grant names it: add environment: \["TOKEN"\]/],
  ["a granted key without a binding", { grant: { config: ["color"] } }, /property bindings\.main\.config\.color .* has a problem: is granted, but bound to no value/],
  ["a volume that does not exist", volume("./none"), /resource 'app': property volumes\.catalog .* has a problem: The folder \/.*\/program\/none does not exist\. Create it first\./],
  ["a volume that is a file", volume("./file"), /property volumes\.catalog .* has a problem: \/.*\/program\/file is not a folder/],
  ["a volume behind a link", volume("./link"), /property volumes\.catalog .* has a problem: The path \/.*\/link leads through a symbolic link to \/.*\/real\./],
  ["a secret in a grant", { grant: { http: [secret("https://hidden7.example.com")] } }, /property http\[0\] \(secret\) .*has a problem: is secret; what goes into an artifact can be read by everybody/],
  ["a secret in a grant that is wrong as well", { grant: { http: [secret("gopher9://hidden7")] } }, /property http\[0\] \(secret\) .*has a problem: is secret; what goes/],
  ["a secret digest that is none", { module: { expectedDigest: secret("hidden7") } }, /expectedDigest.*not a digest/],
  ["a secret limit that is none", { app: { limits: { memory: secret(717171) } } }, /limits\.memory \(secret\) has a problem: must be at most 4096/],
  ["a limit among secrets", { app: { limits: secret({ memory: 717171 }) } }, /limits\.memory \(secret\) has a problem: must be at most 4096/],
]; // biome-ignore format: a table

it.each(inputs)("%s", async (_input, parts, ...messages) => {
  const said = await failedPreview(parts);
  for (const message of messages) expect(said).toMatch(message);
  expect(said).not.toMatch(/hidden7|gopher9|717171|defect/);
});
