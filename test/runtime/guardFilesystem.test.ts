/**
 * The guard of `wasi:filesystem` in real Wasmtime, which opens all that the tests have. The guest `files` does what a
 * script tells it; a request to it is one instance.
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, readFileSync, renameSync, symlinkSync, writeFileSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { describe, expect, onTestFinished, test } from "vitest";
import { findOnPath } from "../../tools/toolchain/path.ts";
import { Workshop } from "../unit/composeSetup.ts";
import { folder } from "./localSupport.ts";
import { rulesComponent } from "./rulesComponent.ts";

const wasmtime = await findOnPath("wasmtime");
const shop = await Workshop.open();
const committed = (path: string) => readFile(join(import.meta.dirname, "../..", path));

const wac = `package test:guarded;
let rules = new module:rules {};
let guard = new module:guard { ...rules, ... };
let guest = new module:guest { ...guard, ... };
export guest["wasi:http/incoming-handler@0.2.0"];`;

/** A guest behind the guard: `read /data` grants that path. */
async function guarded(grants: string[]): Promise<string> {
  const lines = grants.map((grant) => `filesystem\t${grant.replace(" ", "\t")}\tvolume`);
  const parts = {
    guest: await committed("test/fixtures/guests/files.wasm"),
    guard: await committed("composer/guards/filesystem.wasm"),
    rules: await rulesComponent(lines, "api"),
  };
  const added = Object.entries(parts).map(async ([name, bytes]) => [name, await shop.add(bytes)] as const);
  const spec = { modules: Object.fromEntries(await Promise.all(added)), wac };
  const { artifact } = await shop.composer.compose(spec);
  return shop.store.path(await shop.composer.ensure(artifact));
}

/**
 * Serves the guest until the test ends. `directories` are the host's, by their guest paths. The server may have few files
 * open, so that none may be forgotten.
 * @returns what runs a script, and gives its lines
 */
async function files(grants: string[], directories: Record<string, string>) {
  const mounts = Object.entries(directories).flatMap(([guest, host]) => ["--dir", `${host}::${guest}`]);
  const options = ["serve", "-S", "cli", "--addr", "127.0.0.1:0", ...mounts, await guarded(grants)];
  const limited = ["-c", 'ulimit -n 200; exec "$0" "$@"', wasmtime ?? "", ...options];
  const child = spawn("sh", limited, { stdio: ["ignore", "ignore", "pipe"] });
  onTestFinished(async () => {
    const exit = once(child, "exit");
    if (child.exitCode === null && child.kill("SIGKILL")) await exit;
  });
  const said: string[] = [];
  for await (const line of createInterface(child.stderr)) {
    const url = /^Serving HTTP on (\S+)$/.exec(line)?.[1];
    if (url === undefined) {
      said.push(line);
      continue;
    }
    child.stderr.resume();
    return async (...script: string[]) => {
      const answer = await fetch(url, { method: "POST", body: script.join("\n") });
      return (await answer.text()).trimEnd().split("\n");
    };
  }
  throw new Error(`wasmtime serve ended before it listened: ${said.join("\n")}`);
}

/** A folder of the host: `data`, of which parts are granted, beside a secret that no grant names. */
function tree() {
  const root = folder();
  const [data, secret] = [join(root, "data"), join(root, "secret")];
  mkdirSync(join(data, "sub", "deep"), { recursive: true });
  mkdirSync(secret);
  writeFileSync(join(data, "file"), "inside");
  writeFileSync(join(data, "sub", "file"), "inside sub");
  writeFileSync(join(data, "sub", "deep", "file"), "inside deep");
  writeFileSync(join(secret, "file"), "outside");
  return { root, data, secret };
}

/** The folder as it is granted, and as a part of a broader one. */
const mounts = [
  ["a directory of the host's own", ({ data }: ReturnType<typeof tree>) => ({ "/data": data })],
  ["a part of a broader one", ({ root }: ReturnType<typeof tree>) => ({ "/": root })],
] as const;

describe.skipIf(!wasmtime)("which directories a guest has", () => {
  test("none without a grant", async () => {
    const { root, data } = tree();
    const run = await files([], { "/": root, "/data": data });
    expect(await run("held", "std-read /data/file", "std-read /secret/file")).toEqual([
      "ok",
      "ok failed NotFound",
      "ok failed NotFound",
    ]);
  });

  test("the granted ones, under the granted paths", async () => {
    const { root } = tree();
    const run = await files(["read /data/sub", "write /data/sub/deep", "read /secret"], { "/": root });
    expect(
      await run("held", "read /data/sub file", "std-read /data/sub/deep/file", "std-read /data/file"),
    ).toEqual([
      "ok /data/sub /data/sub/deep /secret",
      "ok inside sub",
      "ok inside deep",
      "ok failed NotFound",
    ]);
  });

  test("of the host's closest directory above", async () => {
    const [outer, inner] = [tree(), tree()];
    writeFileSync(join(inner.data, "sub", "file"), "closer");
    const run = await files(["read /data/sub"], { "/": outer.root, "/data": inner.data, "/dat": outer.root });
    expect(await run("held", "read /data/sub file")).toEqual(["ok /data/sub", "ok closer"]);
  });

  test("the host's whole tree where that is granted", async () => {
    const { root, data } = tree();
    const run = await files(["read /", "read /data"], { "/": root, "/data": data });
    expect(await run("held", "read / secret/file", "read /data file")).toEqual([
      "ok / /data",
      "ok outside",
      "ok inside",
    ]);
  });

  test("none that the host lacks, that is a file or lies behind a link", async () => {
    const { root, data } = tree();
    symlinkSync("secret", join(root, "link"));
    symlinkSync("../secret", join(data, "out"));
    symlinkSync("sub", join(data, "within"));
    const paths = [
      "/none",
      "/data/none",
      "/data/file",
      "/link",
      "/data/out",
      "/data/within/deep",
      "/data/sub",
    ];
    const run = await files(
      paths.map((path) => `read ${path}`),
      { "/": root },
    );
    expect(await run("held")).toEqual(["ok /data/sub"]);
  });

  test.each([".", "data", "/dat", "/data/sub", "/data/..", "//"])(
    "none below the host's %j",
    async (name) => {
      const { root } = tree();
      const run = await files(["write /data"], { [name]: root });
      expect(await run("held")).toEqual(["ok"]);
    },
  );

  test.each(["read data", "read /data/", "read //data", "read /data/../data", "all /data", "Write /data"])(
    "none by the rule %j",
    async (rule) => {
      const { root } = tree();
      const run = await files([rule], { "/": root, "/data": join(root, "data") });
      expect(await run("held")).toEqual(["ok"]);
    },
  );
});

describe.skipIf(!wasmtime).each(mounts)("a granted folder that is %s", (_what, mount) => {
  test("is read, listed and not changed where it is granted for reading", async () => {
    const host = tree();
    const run = await files(["read /data"], mount(host));
    expect(
      await run(
        "held",
        "read /data file",
        "std-read /data/sub/file",
        "list /data",
        "stat /data sub",
        "lstat /data file",
        "flags-held /data",
        "open d /data sub directory",
        "flags-held d",
        "read d deep/file",
        "same d d",
        "same d /data",
      ),
    ).toEqual([
      "ok /data",
      "ok inside",
      "ok inside sub",
      "ok file sub",
      expect.stringMatching(/^ok directory /),
      "ok file 6",
      "ok DescriptorFlags(READ)",
      "ok",
      "ok DescriptorFlags(READ)",
      "ok inside deep",
      "ok true",
      "ok false",
    ]);
    const changes = [
      "write /data new text",
      "write /data file text",
      "mkdir /data dir",
      "rmdir /data sub",
      "unlink /data file",
      "rename /data file /data other",
      "link /data file /data other",
      "touch /data file",
      "symlink /data file link",
      "open h /data file write",
      "open h /data file truncate",
      "open h /data new create",
      "open h /data sub directory mutate",
    ];
    const below = ["open d /data sub directory", "write d file text", "mkdir d dir", "unlink d file"];
    const held = ["open h /data file", "write-held h x", "resize-held h 0"];
    expect(await run(...changes)).toEqual(changes.map(() => "error read-only"));
    for (const script of [below, held]) {
      expect(await run(...script)).toEqual(["ok", ...script.slice(1).map(() => "error read-only")]);
    }
    expect(readFileSync(join(host.data, "file"), "utf8")).toBe("inside");
  });

  test("is written where it is granted for writing", async () => {
    const host = tree();
    const run = await files(["write /data"], mount(host));
    expect(
      await run(
        "flags-held /data",
        "write /data new text",
        "mkdir /data dir",
        "rename /data new /data dir/moved",
        "link /data dir/moved /data dir/second",
        "unlink /data dir/second",
        "touch /data dir/moved",
        "open d /data dir directory",
        "write d deeper more",
        "read d moved",
        "unlink d deeper",
        "rmdir /data sub",
        "unlink /data sub/file",
        "open h /data once create exclusive write",
        "open h /data once create exclusive write",
        "write-held h text",
        "resize-held h 3",
        "stat-held h",
      ),
    ).toEqual([
      "ok DescriptorFlags(READ | MUTATE_DIRECTORY)",
      ...Array(8).fill("ok"),
      "ok text",
      "ok",
      "error not-empty",
      "ok",
      "ok",
      "error exist",
      "ok",
      "ok",
      "ok file 3",
    ]);
    expect(readFileSync(join(host.data, "dir", "moved"), "utf8")).toBe("text");
    expect(readFileSync(join(host.data, "once"), "utf8")).toBe("tex");
  });

  test("is not left by any path", async () => {
    const run = await files(["write /data"], mount(tree()));
    const paths = [
      "..",
      "../secret/file",
      "sub/../../secret/file",
      "sub/deep/../../../secret/file",
      "./../secret",
      "../data/file",
      "/",
      "/data/file",
      "/secret/file",
      "//secret/file",
    ];
    const operations = (path: string) => [
      `read /data ${path}`,
      `stat /data ${path}`,
      `list /data ${path}`,
      `write /data ${path} text`,
      `mkdir /data ${path}/x`,
      `unlink /data ${path}`,
      `readlink /data ${path}`,
      `touch /data ${path}`,
      `rename /data file /data ${path}`,
      `rename /data ${path} /data mine`,
      `link /data ${path} /data mine`,
      `symlink /data file ${path}`,
    ];
    const tried = paths.flatMap(operations);
    const answers = await run(...tried);
    expect(tried.map((operation, at) => [operation, answers[at]])).toEqual(
      tried.map((operation) => [operation, "error not-permitted"]),
    );
    expect(await run("read /data sub/../file", "read /data ./sub/./file", "list /data")).toEqual([
      "ok inside",
      "ok inside sub",
      "ok file sub",
    ]);
  });

  test("is not left by a link that lies in it", async () => {
    const host = tree();
    symlinkSync(host.secret, join(host.data, "absolute"));
    symlinkSync("../secret", join(host.data, "relative"));
    symlinkSync("sub/../../secret/file", join(host.data, "winding"));
    symlinkSync("sub/file", join(host.data, "within"));
    const run = await files(["write /data"], mount(host));
    const attempts = [
      "read /data absolute/file",
      "read /data relative/file",
      "read /data winding",
      "write /data relative/new text",
      "write /data winding text",
      "list /data relative",
      "mkdir /data absolute/dir",
      "rename /data file /data relative/file",
      "link /data relative/file /data mine",
      "readlink /data absolute",
    ];
    expect(await run(...attempts)).toEqual(attempts.map(() => expect.stringMatching(/^error /)));
    expect(await run("read /data within", "readlink /data within")).toEqual(["ok inside sub", "ok sub/file"]);
    expect(readFileSync(join(host.secret, "file"), "utf8")).toBe("outside");
    expect(existsSync(join(host.secret, "new"))).toBe(false);
  });

  test("gets no links but those that lead below themselves", async () => {
    const run = await files(["write /data"], mount(tree()));
    const targets = ["/etc/passwd", "/", "..", "../secret", "sub/../../secret", "deep/..", "../file"];
    const script = targets.flatMap((target) => [
      `symlink /data ${target} made`,
      `symlink /data ${target} sub/deep/made`,
    ]);
    expect(await run(...script)).toEqual(script.map(() => "error not-permitted"));
    expect(await run("symlink /data sub/file made", "read /data made")).toEqual(["ok", "ok inside sub"]);
  });

  test("forgets no descriptor", async () => {
    const run = await files(["write /data"], mount(tree()));
    expect(
      await run(
        "repeat 1000 read /data sub/file",
        "repeat 1000 list /data sub",
        "repeat 1000 open h /data sub directory",
        "repeat 1000 read /data none",
        "repeat 1000 write /data new text",
      ),
    ).toEqual([
      "1000 x ok inside sub",
      "1000 x ok deep file",
      "1000 x ok",
      "1000 x error no-entry",
      "1000 x ok",
    ]);
  });
});

describe.skipIf(!wasmtime)("a folder within another", () => {
  const writes = (dir: string, path: string) => [
    `write ${dir} ${path} text`,
    `open h ${dir} ${path} write`,
    `unlink ${dir} ${path}`,
    `touch ${dir} ${path}`,
  ];
  const refused = Array(4).fill("error read-only");

  test.each(mounts)("is written by its own grant only, in %s", async (_what, mount) => {
    const host = tree();
    const run = await files(["read /data", "write /data/sub"], mount(host));
    expect(await run(...writes("/data", "sub/file"))).toEqual(refused);
    expect(await run("open s /data sub directory", ...writes("s", "file"))).toEqual(["ok", ...refused]);
    // Under another name, by a descriptor that may write.
    expect(
      await run(
        "rename /data file /data/sub moved",
        "link /data file /data/sub second",
        "link /data/sub file /data second",
        "rename /data/sub file /data moved",
        "open s /data sub directory",
        "link s file /data/sub second",
        "link /data/sub file s second",
      ),
    ).toEqual([...Array(4).fill("error read-only"), "ok", "error read-only", "error read-only"]);
    expect(await run("write /data/sub file text", "read /data sub/file")).toEqual(["ok", "ok text"]);
    expect(readFileSync(join(host.data, "file"), "utf8")).toBe("inside");
  });

  test.each(mounts)("is only read by its own grant, in %s", async (_what, mount) => {
    const run = await files(["write /data", "read /data/sub"], mount(tree()));
    expect(await run(...writes("/data/sub", "file"))).toEqual(refused);
    expect(await run("link /data/sub file /data second", "rename /data file /data/sub file")).toEqual([
      "error read-only",
      "error read-only",
    ]);
    expect(await run("write /data sub/file text", "read /data/sub file")).toEqual(["ok", "ok text"]);
  });

  test("moves to another that is written too", async () => {
    const run = await files(["write /data/sub", "write /secret"], { "/": tree().root });
    expect(
      await run(
        "rename /data/sub file /secret moved",
        "link /secret moved /data/sub back",
        "read /data/sub back",
      ),
    ).toEqual(["ok", "ok", "ok inside sub"]);
  });
});

describe.skipIf(!wasmtime)("a directory that is swapped for a link", () => {
  test("while requests begin, is the granted one or none", { timeout: 120_000 }, async () => {
    const { root, data, secret } = tree();
    const run = await files(["write /data/sub"], { "/": root });
    const [sub, link, aside] = [join(data, "sub"), join(data, "link"), join(data, "aside")];
    symlinkSync("../secret", link);
    let running = true;
    const swapping = (async () => {
      while (running) {
        for (let round = 0; round < 50; round++) {
          renameSync(sub, aside);
          renameSync(link, sub);
          renameSync(sub, link);
          renameSync(aside, sub);
        }
        await new Promise((resolve) => setImmediate(resolve));
      }
    })();
    const answers = new Set<string>();
    const met = () => answers.has("ok /data/sub") && answers.has("ok");
    try {
      for (let request = 0; request < 300 || (!met() && request < 5000); request++) {
        const [held = "", ...rest] = await run("held", "read /data/sub file", "write /data/sub new text");
        answers.add(held);
        for (const line of rest) answers.add(line);
      }
    } finally {
      running = false;
      await swapping;
    }
    expect([...answers].join()).not.toContain("outside");
    expect(met()).toBe(true);
    expect(existsSync(join(secret, "new"))).toBe(false);
  });
});
