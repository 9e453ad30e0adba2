/** What a granted folder lets through; see `filesystemSupport.ts`. */
import { existsSync, readFileSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { files, mounts, tree, wasmtime } from "./filesystemSupport.ts";

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
