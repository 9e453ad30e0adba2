/** Two Apps, as a user runs them: one calls the other by its name, and each moves without the other. */
import { cp, mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { nodeWorkspace } from "./nodeProgram.ts";
import { changed, type Outcome, repository, type Workspace } from "./workspace.ts";

const example = join(repository, "examples/two-apps");
const names = ["auth", "web"];

/** What the state has of a server: all of it stays as it is while its process and its version do. */
interface Server {
  running: boolean;
  url: string;
  process: { pid: number; nonce: string; digest: string };
}

describe("two Apps", () => {
  let workspace: Workspace;
  let url: string;
  let messages: string[];

  beforeAll(async () => {
    workspace = await nodeWorkspace({ typeCheck: true });
    await mkdir(join(workspace.program, "modules"));
    const files = ["index.ts", "package.json", "tsconfig.json", "Pulumi.yaml", "Pulumi.dev.yaml"];
    for (const file of [...files, ...names.map(moduleFile)]) {
      await cp(join(example, file), join(workspace.program, file));
    }
    const head = await readFile(join(example, "Pulumi.yaml"), "utf8");
    await writeFile(
      join(workspace.program, "Pulumi.yaml"),
      head.replace("../../dist", join(repository, "dist")),
    );
    ({ messages } = await workspace.up());
    // Once its types are right they stay so, and looking takes most of a run's time.
    (await workspace.stack()).workspace.envVars.PULUMI_NODEJS_TRANSPILE_ONLY = "true";
    url = String((await workspace.outputs()).url);
  });
  afterAll(() => workspace?.remove());

  async function answer(path: string): Promise<[status: number, text: string]> {
    const response = await fetch(`${url}${path}`);
    return [response.status, await response.text()];
  }

  async function servers(): Promise<Record<string, Server>> {
    const state = await workspace.state();
    const found = state.filter(({ type }) => type === "wasm:local:Server");
    return Object.fromEntries(
      found.map(({ urn, outputs }) => [urn.slice(urn.lastIndexOf("::") + 2), outputs as unknown as Server]),
    );
  }

  /** What an `up` does, which is what the preview before it said. */
  async function moved(): Promise<string[]> {
    const planned = stepsOf(await workspace.preview());
    expect(stepsOf(await workspace.up())).toEqual(planned);
    return planned;
  }

  const auth = () => join(workspace.program, moduleFile("auth"));

  test("answer as one, by a call that names the other and nothing else", async () => {
    expect(await answer("/ada")).toEqual([200, "Hello, Ada Lovelace, analyst\n"]);
    expect(await answer("/mallory")).toEqual([403, "auth does not know you\n"]);
    const { report } = await workspace.outputs();
    expect(String(report).replaceAll(/ {2,}/g, "  ").split("\n").slice(0, 2)).toEqual([
      "module  grant  may  artifact  target  note",
      "main  calls  calls auth  exact  exact  the App of this name in the same stack, on this machine",
    ]);
    expect(stepsOf(await workspace.preview())).toEqual([]);
  });

  test("say what is for other targets", () => {
    expect(messages).toContain("A local target does not read `kubernetes`, which is for others.");
  });

  test("move one by one: the callee is updated and rolled back, and the caller's process goes on", async () => {
    const earlier = await readFile(auth());
    const before = await servers();
    const updated = ["update wasm:index:Module auth", "update wasm:local:Server auth"];

    await writeFile(auth(), edited(earlier, "analyst", "teacher"));
    expect(await moved()).toEqual(updated);
    expect(await answer("/ada")).toEqual([200, "Hello, Ada Lovelace, teacher\n"]);
    const between = await servers();
    expect(between.web).toEqual(before.web);
    expect(between.auth?.process.digest).not.toBe(before.auth?.process.digest);

    await writeFile(auth(), earlier);
    expect(await moved()).toEqual(updated);
    expect(await answer("/ada")).toEqual([200, "Hello, Ada Lovelace, analyst\n"]);
    expect(await servers()).toEqual(before);
  });

  test("move one by one: the caller's grant is taken away, and the callee's process goes on", async () => {
    const file = join(workspace.program, "index.ts");
    const program = await readFile(file, "utf8");
    const before = await servers();
    await writeFile(file, program.replace('calls: ["auth"]', 'calls: ["other"]'));
    expect(await moved()).toEqual([
      "update wasm:index:Admission web",
      "update wasm:index:CapabilityGrant calls",
      "update wasm:local:Server web",
    ]);
    const [status, text] = await answer("/ada");
    expect([status, text]).toEqual([502, expect.stringContaining("HttpRequestDenied")]);
    expect((await servers()).auth).toEqual(before.auth);
    await writeFile(file, program);
    await workspace.up();
    expect(await answer("/ada")).toEqual([200, "Hello, Ada Lovelace, analyst\n"]);
    expect(stepsOf(await workspace.preview())).toEqual([]);
  });
});

const moduleFile = (name: string) => `modules/${name}.wasm`;

const stepsOf = (outcome: Outcome) =>
  changed(outcome)
    .map(({ op, type, name }) => `${op} ${type} ${name}`)
    .sort();

/** A module that answers something else, of the same length. */
function edited(bytes: Buffer, from: string, to: string): Buffer {
  const at = bytes.indexOf(from);
  expect([at > 0, from.length]).toEqual([true, to.length]);
  const copy = Buffer.from(bytes);
  copy.write(to, at);
  return copy;
}
