/** Which folders a guest has behind the guard, and how they stand to one another; see `filesystemSupport.ts`. */
import { existsSync, readFileSync, renameSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { files, mounts, tree, wasmtime } from "./filesystemSupport.ts";

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
