/** The engine finds the plugin in each of the places where users have it. */
import { cp, mkdir, symlink, writeFile } from "node:fs/promises";
import { delimiter, join } from "node:path";
import { describe, expect, it } from "vitest";
import { stringify } from "yaml";
import packageJson from "../../package.json" with { type: "json" };
import { guest, repository, Workspace } from "./workspace.ts";

const dist = join(repository, "dist");

/** A program that says nothing of where the plugin is. */
async function program(workspace: Workspace, version?: string): Promise<void> {
  await cp(guest("plain"), join(workspace.program, "plain.wasm"));
  const options = version === undefined ? {} : { options: { version } };
  const resources = {
    plain: { type: "wasm:Module", properties: { file: { "fn::fileAsset": "./plain.wasm" } }, ...options },
  };
  await writeFile(
    join(workspace.program, "Pulumi.yaml"),
    stringify({ name: "project", runtime: "yaml", resources }),
  );
}

describe("the plugin is found", () => {
  it("through plugins.providers.path", async () => {
    await using workspace = await Workspace.create();
    await program(workspace);
    await workspace.write({
      resources: {
        plain: { type: "wasm:Module", properties: { file: { "fn::fileAsset": "./plain.wasm" } } },
      },
    });
    expect((await workspace.preview()).steps).toMatchObject([{ op: "create", type: "wasm:index:Module" }]);
  });

  it("on PATH", async () => {
    await using workspace = await Workspace.create();
    await program(workspace);
    const folder = join(workspace.folder, "bin");
    await mkdir(folder);
    // A link, as package managers make it: the plugin finds its files from there.
    await symlink(join(dist, "pulumi-resource-wasm"), join(folder, "pulumi-resource-wasm"));
    workspace.environment["PATH"] = [folder, process.env["PATH"]].join(delimiter);
    expect((await workspace.preview()).steps).toMatchObject([{ op: "create", type: "wasm:index:Module" }]);
  });

  it("in the plugin cache, by its version", async () => {
    await using workspace = await Workspace.create();
    const { version } = packageJson;
    await program(workspace, version);
    const home = workspace.environment["PULUMI_HOME"] as string;
    await cp(dist, join(home, "plugins", `resource-wasm-v${version}`), { recursive: true });
    expect((await workspace.preview()).steps).toMatchObject([{ op: "create", type: "wasm:index:Module" }]);
  });
});
