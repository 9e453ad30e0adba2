/** Stacks whose program is in TypeScript, with the Node SDK as it is in `sdk/nodejs`. */
import { mkdir, symlink, writeFile } from "node:fs/promises";
import { delimiter, dirname, join } from "node:path";
import { compileNodeSdk } from "../../tools/sdk/compile.ts";
import { guest, repository, Workspace } from "./workspace.ts";

/** `typeCheck`: as users have it; it takes most of a run's time, and a program of a test is short-lived. */
export async function nodeWorkspace({ typeCheck = false } = {}): Promise<Workspace> {
  const workspace = await Workspace.create("nodejs");
  await linkPackages(workspace.program);
  const programNode = dirname(process.execPath);
  workspace.environment.PATH = [programNode, process.env.PATH ?? ""].join(delimiter);
  if (!typeCheck) workspace.environment.PULUMI_NODEJS_TRANSPILE_ONLY = "true";
  await workspace.write({}, "nodejs");
  const manifest = { name: "program", private: true, main: "index.ts" };
  await writeFile(join(workspace.program, "package.json"), JSON.stringify(manifest));
  const compilerOptions = {
    target: "es2022",
    module: "nodenext",
    moduleResolution: "nodenext",
    strict: true,
    types: ["node"],
  };
  await writeFile(join(workspace.program, "tsconfig.json"), JSON.stringify({ compilerOptions }));
  return workspace;
}

/** What `npm install` would leave: this repository's Pulumi SDK, and the Node SDK of this package. */
export async function linkPackages(program: string): Promise<void> {
  const modules = join(program, "node_modules");
  await mkdir(join(modules, "@pulumi"), { recursive: true });
  const packages = join(repository, "node_modules");
  await symlink(join(packages, "@pulumi/pulumi"), join(modules, "@pulumi/pulumi"), "junction");
  await symlink(join(packages, "@types"), join(modules, "@types"), "junction");
  await symlink(await compileNodeSdk(), join(modules, "pulumi-wasm"), "junction");
}

/** Makes `body` the program; `pulumi` and `wasm` are imported. */
export async function writeProgram(workspace: Workspace, body: string): Promise<void> {
  const imports = 'import * as pulumi from "@pulumi/pulumi";\nimport * as wasm from "pulumi-wasm";\n';
  await writeFile(join(workspace.program, "index.ts"), imports + body);
}

/** A program with what each App needs at hand: `file`, `echo`, `grant`, `edge`, and `args` of an App that starts nothing. */
export async function program(workspace: Workspace, body: string): Promise<void> {
  const shared = `
    const file = new pulumi.asset.FileAsset(${JSON.stringify(guest("echo"))});
    const echo = new wasm.Module("echo", { file });
    const grant = new wasm.CapabilityGrant("grant", { environment: ["KEY"] });
    const edge = new wasm.EdgeTarget("edge", { local: {} });
    const args = { artifact: echo.artifact, target: edge.target, local: { start: false } };
  `;
  await writeProgram(workspace, shared + body);
}
