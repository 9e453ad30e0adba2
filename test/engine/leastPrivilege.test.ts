/** The example of grants, as a user runs it: of two modules in one component, one reaches what it was granted, the other nothing. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { cp, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from "vitest";
import { parse, stringify } from "yaml";
import { findOnPath } from "../../tools/toolchain/path.ts";
import { nodeWorkspace } from "./nodeProgram.ts";
import { changed, type EngineFailure, repository, type Workspace } from "./workspace.ts";

const example = join(repository, "examples/least-privilege");
const wasmtime = await findOnPath("wasmtime");

/** Parts of the program that tests replace. */
const denied = 'denied: ["wasi:http/outgoing-handler"]';
const origin = "new URL(notesUrl).origin";

const limit = { timeout: 30_000 };

/** The example's two servers, on free ports. */
class Servers {
  /** Requests that came: `notes: GET /notes.md 200`, in order. */
  private requests: string[] = [];
  private readonly urls = new Map<string, string>();
  private readonly process: ChildProcess;

  constructor() {
    this.process = spawn(process.execPath, [join(example, "servers.js"), "0", "0"], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    if (this.process.stdout) createInterface(this.process.stdout).on("line", (line) => this.read(line));
  }

  async listen(): Promise<void> {
    await vi.waitFor(() => expect(this.urls.size).toBe(2), limit);
  }

  private read(line: string): void {
    const [, name, url] = /^(\w+): listens at (.+)$/.exec(line) ?? [];
    if (name && url) this.urls.set(name, url);
    else this.requests.push(line);
  }

  get notes(): string {
    return this.urls.get("notes") ?? "";
  }

  get other(): string {
    return this.urls.get("other") ?? "";
  }

  /** All that came since this was asked last: what is told before a last request of our own, to each. */
  async takeRequests(): Promise<string[]> {
    for (const url of this.urls.values()) await fetch(`${url}/last`);
    const isLast = (line: string) => line.includes(" /last ");
    await vi.waitFor(() => expect(this.requests.filter(isLast)).toHaveLength(this.urls.size), limit);
    const taken = this.requests.filter((line) => !isLast(line));
    this.requests = [];
    return taken;
  }

  async end(): Promise<void> {
    this.process.kill();
    await once(this.process, "exit");
  }
}

describe("least privilege", () => {
  let servers: Servers;
  let workspace: Workspace;
  let source: string;
  let readme: string;
  let outputs: Record<string, unknown>;

  beforeAll(async () => {
    servers = new Servers();
    await servers.listen();
    workspace = await nodeWorkspace({ typeCheck: true });
    source = await readFile(join(example, "index.ts"), "utf8");
    // It speaks of the ports that the servers have by themselves.
    readme = (await readFile(join(example, "README.md"), "utf8"))
      .replaceAll("http://127.0.0.1:4180", servers.notes)
      .replaceAll("http://127.0.0.1:4181", servers.other);
    for (const file of ["package.json", "tsconfig.json", "modules/api.wasm", "modules/markdown.wasm"]) {
      await cp(join(example, file), join(workspace.program, file));
    }
    await program();
    const stack = await workspace.stack();
    await stack.setConfig("notesUrl", { value: `${servers.notes}/notes.md` });
    await stack.setConfig("notesKey", { value: "open sesame", secret: true });
    await workspace.up();
    outputs = await workspace.outputs();
  });
  afterAll(async () => {
    await workspace?.remove();
    await servers?.end();
  });
  // Each test changes the program in its own way.
  beforeEach(() => program());

  /** The example's program, with some text in place of another. */
  async function program(replaced = "", by = ""): Promise<void> {
    expect(source).toContain(replaced);
    await writeFile(join(workspace.program, "index.ts"), source.replace(replaced, by));
  }

  /** What preview says, whether it fails or not. */
  async function said(): Promise<string> {
    const { messages } = await workspace.preview().catch(({ outcome }: EngineFailure) => outcome);
    return messages.join("\n");
  }

  /** The README's block of code that has this in it. */
  function shown(part: string): string {
    const blocks = [...readme.matchAll(/^```\w*\n(.*?)^```$/gms)].map(([, block = ""]) => block);
    const found = blocks.filter((block) => block.includes(part));
    expect(found).toHaveLength(1);
    return found[0] ?? "";
  }

  const page = async (url = outputs.url) => (await fetch(String(url))).text();

  /** The composition's bytes. */
  const artifact = () => join(workspace.folder, "cache/blobs", String(outputs.digest).replace(":", "/"));

  test("serves the note that one module may read, and refuses all that the other one tries", async () => {
    await servers.takeRequests();
    expect((await page()).trim()).toBe(shown("<h1>Tea</h1>").trim());
    expect(await servers.takeRequests()).toEqual(["notes: GET /notes.md 200"]);
  });

  test("reports the grants of the one and the denials of the other", () => {
    expect(words(outputs.report)).toEqual(words(shown("module  grant  may")));
  });

  test("tells from the bytes alone what is sealed in them", () => {
    const sealed = new Map((outputs.sealed as Sealed[]).map((module) => [module.module, module]));
    expect([...sealed.keys()].sort()).toEqual(["api", "markdown"]);
    expect(sealed.get("api")).toMatchObject({
      grants: [`http ${servers.notes}`, "environment NOTES_KEY", "environment NOTES_URL"],
      guards: expect.toSatisfy((guards: string[]) => [...guards].sort().join() === "environment,http"),
      denied: [],
    });
    expect(sealed.get("markdown")).toMatchObject({
      grants: [],
      guards: [],
      denied: ["wasi:cli/environment@0.2.12", "wasi:http/outgoing-handler@0.2.12"],
    });
  });

  test("has neither values nor secrets in the bytes", async () => {
    const bytes = await readFile(artifact());
    expect(bytes.includes("API__NOTES_KEY")).toBe(true);
    for (const value of ["open sesame", "/notes.md"]) expect(bytes.includes(value)).toBe(false);
  });

  test("has the rules in its bytes that the page about grants shows", async () => {
    const grants = await readFile(join(repository, "docs/grants.md"), "utf8");
    const [, rules = ""] = /^```\n(pulumi-wasm rules 1\n?.*?)^```$/ms.exec(grants) ?? [];
    expect(rules).toContain("NOTES_KEY");
    const bytes = await readFile(artifact());
    expect(bytes.includes(rules.replace("http://127.0.0.1:4180", servers.notes))).toBe(true);
  });

  test("is the same again without a change", async () => {
    expect(changed(await workspace.preview())).toEqual([]);
  });

  test("fails in preview where a module asks for what is neither granted nor denied", async () => {
    await program(`, ${denied}`);
    expect(await said()).toContain(shown("no grant covers it").trim());
  });

  test("calls a widening one in preview", async () => {
    await program(origin, `${origin}, "https://collect.example.net"`);
    expect(await said()).toContain(shown("This widens").trim());
  });

  test("says that an accepted risk is none, where the bytes hold it", async () => {
    const risk = `{ module: "api", entry: "http ${servers.notes}: looser", reason: "to see" }`;
    await program("target: edge.target,", `target: edge.target, acceptRisk: [${risk}],`);
    expect(await said()).toContain(
      `acceptRisk: nothing needs "http ${servers.notes}: looser" of module api; remove it`,
    );
  });

  test("an accepted risk is no way to what the target cannot deliver", async () => {
    await program(`http: [${origin}]`, `http: [${origin}], calls: ["billing.shop"]`);
    const refused = "the local target cannot deliver calls billing.shop (module api, grant notes)";
    expect(await said()).toContain(refused);
    const risk = '{ module: "api", entry: "calls billing.shop: unavailable", reason: "to see" }';
    const file = join(workspace.program, "index.ts");
    const text = await readFile(file, "utf8");
    await writeFile(
      file,
      text.replace("target: edge.target,", `target: edge.target, acceptRisk: [${risk}],`),
    );
    expect(await said()).toContain(refused);
  });

  test("fails in preview above the stack's maximum, entry by entry", async () => {
    const file = join(workspace.program, "Pulumi.dev.yaml");
    const before = await readFile(file, "utf8");
    const { config, ...rest } = parse(before);
    const maximum = { http: ["https://*.example.com"], environment: ["NOTES_URL"] };
    await writeFile(file, stringify({ ...rest, config: { ...config, "wasm:maximumGrants": maximum } }));
    try {
      const text = await said();
      for (const line of shown("above the maximum").trim().split("\n")) expect(text).toContain(line);
      expect(text).not.toContain("environment NOTES_URL (module api");
    } finally {
      await writeFile(file, before);
    }
  });

  test.skipIf(!wasmtime)(
    "refuses it as well in Wasmtime, with every right open on its command line",
    async () => {
      const key = "API__NOTES_KEY=open sesame";
      const values = ["--env", `API__NOTES_URL=${servers.notes}/notes.md`, "--env", key];
      const open = ["-S", "cli,inherit-network,allow-ip-name-lookup,inherit-env"];
      const args = ["serve", ...open, ...values, "--addr", "127.0.0.1:0", artifact()];
      await servers.takeRequests();
      const serving = spawn(String(wasmtime), args, { stdio: ["ignore", "ignore", "pipe"] });
      try {
        const lines = createInterface(serving.stderr);
        const [line] = await once(lines, "line", { signal: AbortSignal.timeout(limit.timeout) });
        const [url] = /http:\/\/\S+/.exec(line) ?? [];
        expect((await page(url)).trim()).toBe(shown("<h1>Tea</h1>").trim());
      } finally {
        serving.kill();
        await once(serving, "exit");
      }
      expect(await servers.takeRequests()).toEqual(["notes: GET /notes.md 200"]);
    },
  );

  // The last one, for it changes what runs: that the attempts were real.
  test("gives a module what it is granted, and its neighbour's rights as little as before", async () => {
    await program(
      denied,
      `grants: [new wasm.CapabilityGrant("others", { http: ["${servers.other}"] }).grant]`,
    );
    expect(await said()).toContain(`+ http ${servers.other} (module markdown, grant others)`);
    await workspace.up();
    await servers.takeRequests();
    const text = await page();
    expect(text).toContain(`send the text to ${servers.notes}/: refused: ErrorCode::HttpRequestDenied`);
    expect(text).toContain(`send the text to ${servers.other}/: sent: 204 No Content`);
    expect(text.match(/there is no such key/g)).toHaveLength(2);
    expect(await servers.takeRequests()).toEqual(["notes: GET /notes.md 200", "other: POST / 204"]);
  });
});

interface Sealed {
  module: string;
  grants: string[];
  guards: string[];
  denied: string[];
}

/** Columns are as wide as the ports of a run are long. */
function words(text: unknown): string[] {
  return String(text).trim().split(/\s+/);
}
