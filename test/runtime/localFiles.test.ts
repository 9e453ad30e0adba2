import { execFileSync } from "node:child_process";
import {
  existsSync,
  linkSync,
  mkdirSync,
  readFileSync,
  renameSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import type { FileRule } from "../../provider/capabilities/rules.ts";
import { start } from "../../provider/targets/local/control.ts";
import { folder, options, processesOf, rules, serve, specOf, until } from "./localSupport.ts";

/** A folder to grant, beside a secret that no grant names. */
function tree(): { volume: string; secret: string } {
  const root = folder();
  const volume = join(root, "volume");
  mkdirSync(join(volume, "sub"), { recursive: true });
  writeFileSync(join(volume, "file"), "inside");
  writeFileSync(join(volume, "sub", "file"), "inside sub");
  const secret = join(root, "secret");
  mkdirSync(secret);
  writeFileSync(join(secret, "file"), "outside");
  return { volume, secret };
}

const grant = (access: FileRule["access"], path = "/data", volume = "data"): FileRule => ({
  path,
  access,
  volume,
});

async function files(host: string, ...granted: FileRule[]) {
  const server = await serve("files", { rules: rules({ filesystem: granted }), volumes: { data: host } });
  const run = async (...script: string[]) =>
    (await server.get("/", { method: "POST", body: script.join("\n") })).trimEnd().split("\n");
  return { ...server, run };
}

test("a guest without a grant has no folder", async () => {
  const { get } = await serve("files");
  expect(await get("/", { method: "POST", body: "held\nstd-read /etc/hostname" })).toBe(
    "ok\nok failed NotFound\n",
  );
});

test("a folder that is granted for reading is read, listed and not changed", async () => {
  const { volume } = tree();
  const { run } = await files(volume, grant("read"));
  expect(
    await run(
      "held",
      "read /data file",
      "std-read /data/sub/file",
      "list /data",
      "stat /data sub",
      "lstat /data file",
    ),
  ).toEqual([
    "ok /data",
    "ok inside",
    "ok inside sub",
    "ok file sub",
    expect.stringMatching(/^ok directory /),
    "ok file 6",
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
  for (const change of changes) {
    expect([change, (await run(change))[0]]).toEqual([
      change,
      expect.stringMatching(/^error (read-only|not-permitted)$/),
    ]);
  }
  expect(await run("open h /data file", "write-held h x", "resize-held h 0")).toEqual([
    "ok",
    "error bad-descriptor",
    "error bad-descriptor",
  ]);
  expect(readFileSync(join(volume, "file"), "utf8")).toBe("inside");
});

test("a folder that is granted for writing is written", async () => {
  const { volume } = tree();
  const { run } = await files(volume, grant("write"));
  expect(
    await run(
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
      "unlink /data dir",
      "unlink /data sub/file",
      "rmdir /data sub",
      "mkdir /data dir",
      "open h /data once create exclusive write",
      "open h /data once create exclusive write",
      "resize-held h 3",
      "stat-held h",
    ),
  ).toEqual([
    ...Array(8).fill("ok"),
    "ok text",
    "ok",
    "error not-empty",
    "error is-directory",
    "ok",
    "ok",
    "error exist",
    "ok",
    "error exist",
    "ok",
    "ok file 3",
  ]);
  expect(readFileSync(join(volume, "dir", "moved"), "utf8")).toBe("text");
  expect(statSync(join(volume, "once")).size).toBe(3);
});

test("no path leads out of a folder", async () => {
  const { volume } = tree();
  const { run } = await files(volume, grant("write"));
  const paths = [
    "..",
    "../secret/file",
    "sub/../../secret/file",
    "/etc/hostname",
    "sub/../..",
    "./../secret",
    "../volume/file",
  ];
  for (const path of paths) {
    expect([path, (await run(`read /data ${path}`))[0]]).toEqual([path, "error not-permitted"]);
    expect([path, (await run(`mkdir /data ${path}/x`))[0]]).toEqual([path, "error not-permitted"]);
  }
  expect(
    await run(
      "read /data sub/../file",
      "read /data ./sub/./file",
      "read /data none/../file",
      'read /data ""',
    ),
  ).toEqual(["ok inside", "ok inside sub", "error no-entry", "error no-entry"]);
});

test("symbolic links in a folder are neither followed nor made", async () => {
  const { volume, secret } = tree();
  symlinkSync(secret, join(volume, "absolute"));
  symlinkSync("../secret/file", join(volume, "relative"));
  symlinkSync("file", join(volume, "within"));
  const { run } = await files(volume, grant("write"));
  expect(
    await run(
      "read /data absolute/file",
      "read /data relative",
      "read /data within",
      "write /data relative text",
      "stat /data relative",
      "list /data absolute",
      "symlink /data file made",
      "readlink /data absolute",
      "readlink /data within",
      "lstat /data within",
      "unlink /data within",
    ),
  ).toEqual([
    "error loop",
    "error loop",
    "error loop",
    "error loop",
    "error loop",
    expect.stringMatching(/^error (loop|not-directory)$/),
    "error not-permitted",
    "error not-permitted",
    "ok file",
    "ok symlink 4",
    "ok",
  ]);
  expect(readFileSync(join(secret, "file"), "utf8")).toBe("outside");
});

test("a pipe in a folder is not opened", async () => {
  const { volume } = tree();
  execFileSync("mkfifo", [join(volume, "pipe")]);
  const { run } = await files(volume, grant("write"));
  expect(await run("read /data pipe")).toEqual(["error not-permitted"]);
});

test("a file that is only readable gets no second name in a writable folder", async () => {
  const { volume } = tree();
  const { secret } = { secret: join(volume, "sub") };
  const server = await serve("files", {
    rules: rules({ filesystem: [grant("read", "/ro", "ro"), grant("write", "/rw", "rw")] }),
    volumes: { ro: secret, rw: volume },
  });
  expect(
    await server.get("/", { method: "POST", body: "link /ro file /rw second\nrename /ro file /rw second" }),
  ).toBe("error read-only\nerror read-only\n");
});

describe("a directory that is swapped for a link", () => {
  test("once it is held, is still the directory that was opened", async () => {
    const { volume, secret } = tree();
    const { run } = await files(volume, grant("write"));
    const answer = run(
      "open d /data sub directory",
      "mkdir /data waiting",
      // Goes on until the test has swapped the directory.
      "repeat 60000 lstat /data swapped",
      "read d file",
      "write d new text",
      "read /data sub/file",
    );
    await until(() => existsSync(join(volume, "waiting")));
    renameSync(join(volume, "sub"), join(volume, "moved"));
    symlinkSync(secret, join(volume, "sub"));
    mkdirSync(join(volume, "swapped"));
    const lines = await answer;
    expect(lines[2]).toContain("ok directory");
    expect(lines.slice(3)).toEqual(["ok inside sub", "ok", "error loop"]);
    expect(existsSync(join(secret, "new"))).toBe(false);
    expect(readFileSync(join(volume, "moved", "new"), "utf8")).toBe("text");
  });

  test("again and again while the guest opens it, never leads out", async () => {
    const { volume, secret } = tree();
    const { run } = await files(volume, grant("write"));
    symlinkSync(secret, join(volume, "link"));
    const [sub, link, aside] = ["sub", "link", "aside"].map((name) => join(volume, name)) as [
      string,
      string,
      string,
    ];
    let running = true;
    const swapping = (async () => {
      for (let round = 0; running; round++) {
        renameSync(sub, aside);
        renameSync(link, sub);
        renameSync(sub, link);
        renameSync(aside, sub);
        if (round % 50 === 0) await new Promise((resolve) => setImmediate(resolve));
      }
    })();
    const lines = await run(
      "repeat 15000 read /data sub/file",
      "repeat 5000 write /data sub/new text",
      "repeat 5000 rename /data sub/new /data sub/newer",
    ).finally(() => {
      running = false;
    });
    await swapping;
    // Both sides of the race were met.
    expect(lines[0]).toContain("x ok inside sub");
    expect(lines[0]).toMatch(/x error (loop|no-entry)/);
    expect(lines.join()).not.toContain("outside");
    expect(readFileSync(join(secret, "file"), "utf8")).toBe("outside");
    expect(existsSync(join(secret, "new")) || existsSync(join(secret, "newer"))).toBe(false);
  });
});

describe("a volume that cannot be used is an error before anything starts", () => {
  const attempt = async (host: string | undefined, changes: { volumeBase?: string } = {}) => {
    const where = options(changes);
    const spec = specOf("files", {
      rules: rules({ filesystem: [grant("read")] }),
      volumes: host === undefined ? {} : { data: host },
    });
    const failure = await start(spec, where).then(
      () => undefined,
      (error) => error,
    );
    expect(await processesOf(where.directory)).toEqual([]);
    return failure;
  };

  test("no folder is bound", async () => {
    expect(await attempt(undefined)).toMatchObject({
      property: "volumes.data",
      message: expect.stringContaining("bound to no folder"),
    });
  });

  test("it does not exist", async () => {
    expect(await attempt(join(folder(), "none"))).toMatchObject({
      property: "volumes.data",
      message: expect.stringContaining("does not exist"),
    });
  });

  test("it is a file", async () => {
    expect(await attempt(join(tree().volume, "file"))).toMatchObject({
      property: "volumes.data",
      message: expect.stringContaining("is not a folder"),
    });
  });

  test("it is, or lies behind, a link that leads elsewhere", async () => {
    const { volume, secret } = tree();
    symlinkSync(secret, join(volume, "link"));
    mkdirSync(join(secret, "below"));
    for (const path of ["link", "link/below"]) {
      const error = await attempt(join(volume, path), { volumeBase: volume });
      expect(error).toMatchObject({ property: "volumes.data", message: expect.stringContaining(secret) });
    }
  });

  test("a link above the program's folder is no concern", async () => {
    const { volume } = tree();
    const root = folder();
    symlinkSync(volume, join(root, "program"));
    const where = options({ volumeBase: join(root, "program") });
    const spec = specOf("files", {
      rules: rules({ filesystem: [grant("read")] }),
      volumes: { data: join(root, "program", "sub") },
    });
    const state = await start(spec, where);
    const { stop } = await import("../../provider/targets/local/control.ts");
    await stop(state, where);
  });
});

test("a second name of a file that was made by its owner is an ordinary file", async () => {
  const { volume, secret } = tree();
  linkSync(join(secret, "file"), join(volume, "second"));
  const { run } = await files(volume, grant("read"));
  expect(await run("read /data second")).toEqual(["ok outside"]);
});
