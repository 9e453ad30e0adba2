/** The maximum of grants by the real engine: as a stack's configuration, and as an argument of a provider. */
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { stringify } from "yaml";
import { nodeWorkspace, program } from "./nodeProgram.ts";
import { type EngineFailure, guest, Workspace } from "./workspace.ts";

async function said(workspace: Workspace): Promise<string> {
  const { messages } = await workspace.preview().catch(({ outcome }: EngineFailure) => outcome);
  return messages.join("\n");
}

const above = (module: string) =>
  `environment KEY (module ${module}, grant grant) is above the maximum: wasm:maximumGrants allows environment OTHER. Narrow the grant, or have the maximum raised.`;

describe("in the stack's configuration", () => {
  let workspace: Workspace;
  beforeAll(async () => {
    workspace = await Workspace.create();
    // biome-ignore-start lint/suspicious/noTemplateCurlyInString: YAML programs refer to resources so
    await workspace.write({
      resources: {
        echo: { type: "wasm:Module", properties: { file: { "fn::fileAsset": guest("echo") } } },
        grant: { type: "wasm:CapabilityGrant", properties: { environment: ["KEY"] } },
        edge: { type: "wasm:EdgeTarget", properties: { local: {} } },
        app: {
          type: "wasm:App",
          properties: {
            artifact: "${echo.artifact}",
            target: "${edge.target}",
            grants: ["${grant.grant}"],
            bindings: { main: { environment: { KEY: "value" } } },
            local: { start: false },
          },
        },
      },
      outputs: { digest: "${echo.digest}" },
    });
    // biome-ignore-end lint/suspicious/noTemplateCurlyInString: as above
  });
  afterAll(() => workspace?.remove());

  const limited = async (maximumGrants: unknown) => {
    await workspace.stack();
    await writeFile(
      join(workspace.program, "Pulumi.dev.yaml"),
      stringify({ config: { "wasm:maximumGrants": maximumGrants } }),
    );
  };

  it("a grant above it is an error in preview", async () => {
    await limited({ environment: ["OTHER"], ambient: { clocks: true } });
    expect(await said(workspace)).toContain(above("main"));
  });

  it("a module's own maximum stands in its place", async () => {
    await limited({ unlimited: ["environment"] });
    const { outputs } = await workspace.preview();
    await limited({ modules: { [String(outputs.digest)]: { environment: ["KEY"] } } });
    expect(await said(workspace)).not.toContain("maximum");
  });

  it("what is wrong in it is said at its place", async () => {
    await limited({ environment: ["A=b"] });
    expect(await said(workspace)).toMatch(
      /maximumGrants\.environment\[0\].*holds a value; name the key alone/s,
    );
  });
});

describe("as an argument of a provider", () => {
  let workspace: Workspace;
  beforeAll(async () => {
    workspace = await nodeWorkspace();
  });
  afterAll(() => workspace?.remove());

  it("it holds for what the provider manages", async () => {
    await program(
      workspace,
      `
      const limited = new wasm.Provider("limited", { maximumGrants: { environment: ["OTHER"] } });
      const bindings = { main: { environment: { KEY: "value" } } };
      new wasm.App("app", { ...args, grants: [grant.grant], bindings }, { provider: limited });
    `,
    );
    expect(await said(workspace)).toContain(above("main"));
  });
});
