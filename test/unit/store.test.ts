import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import {
  chmod,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  rm,
  stat,
  truncate,
  utimes,
  writeFile,
} from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { cacheFolder } from "../../provider/artifacts/cacheFolder.ts";
import { type Digest, digestOf, hexOf } from "../../provider/artifacts/digest.ts";
import { Store } from "../../provider/artifacts/store.ts";

let folder: string;
let store: Store;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "store-"));
  store = new Store({ folder: join(folder, "cache") });
});

afterEach(() => rm(folder, { recursive: true, force: true }));

async function source(content: string | Uint8Array, name = "module.wasm"): Promise<string> {
  const path = join(folder, name);
  await writeFile(path, content);
  return path;
}

async function files(): Promise<string[]> {
  const entries = await readdir(store.folder, { recursive: true, withFileTypes: true });
  return entries.filter((entry) => entry.isFile()).map((entry) => entry.name);
}

const day = 24 * 60 * 60;

async function lastUsed(digest: Digest, secondsAgo: number): Promise<void> {
  const time = Date.now() / 1000 - secondsAgo;
  await utimes(store.path(digest), time, time);
}

describe("adding", () => {
  test("keeps the bytes of a file under their digest", async () => {
    const bytes = Buffer.alloc(3 * 1024 * 1024 + 17, "wasm");
    const added = await store.addFile(await source(bytes));
    expect(added).toEqual({ digest: digestOf(bytes), size: bytes.length });
    expect(Buffer.compare(await readFile(store.path(added.digest)), bytes)).toBe(0);
    expect(await store.has(added.digest)).toBe(true);
    expect(Buffer.compare(await store.read(added.digest), bytes)).toBe(0);
  });

  test("writes nothing for bytes that are there already, from a file or from memory", async () => {
    const path = await source("same bytes");
    const { digest } = await store.addFile(path);
    const before = await stat(store.path(digest));
    await store.addFile(path);
    await store.addBytes(Buffer.from("same bytes"));
    const after = await stat(store.path(digest));
    expect([after.ino, after.mtimeMs]).toEqual([before.ino, before.mtimeMs]);
    expect(await files()).toHaveLength(1);
  });

  test("replaces a blob that lost some of its bytes", async () => {
    const path = await source("whole");
    const { digest } = await store.addFile(path);
    await truncate(store.path(digest), 2);
    await store.addFile(path);
    expect(Buffer.from(await store.read(digest)).toString()).toBe("whole");
  });

  test("refuses what is larger than the limit and leaves nothing behind", async () => {
    const path = await source(Buffer.alloc(1001));
    await expect(store.addFile(path, { maxSize: 1000 })).rejects.toMatchObject({ code: "too-large" });
    await expect(store.addBytes(Buffer.alloc(1001), { maxSize: 1000 })).rejects.toThrow(
      /1000 bytes.*maxSize/,
    );
    expect(existsSync(store.folder)).toBe(false);
    expect((await store.addFile(path, { maxSize: 1001 })).size).toBe(1001);
  });

  test.each([
    ["a file that does not exist", "nowhere.wasm", "not-found", /no file .*nowhere\.wasm/],
    ["a path through a file", "module.wasm/x", "not-found", /no file/],
    ["a folder", ".", "unreadable", /not a regular file/],
  ])("says what is wrong with %s", async (_, name, code, message) => {
    await source("x");
    const error = await store.addFile(join(folder, name)).catch((caught) => caught);
    expect(error.code).toBe(code);
    expect(error.message).toMatch(message);
  });

  test("does not wait for the writer of a pipe", async () => {
    const pipe = join(folder, "pipe.wasm");
    await once(spawn("mkfifo", [pipe]), "exit");
    await expect(store.addFile(pipe)).rejects.toMatchObject({ code: "unreadable" });
  });

  test("stops when it is cancelled, and leaves nothing half-written", async () => {
    const path = await source(Buffer.alloc(8 * 1024 * 1024));
    await expect(store.addFile(path, { signal: AbortSignal.abort() })).rejects.toMatchObject({
      code: "cancelled",
    });
    expect(existsSync(store.folder)).toBe(false);
  });

  test("shows the file's first bytes to `accept`, which can refuse it", async () => {
    const path = await source("not wasm");
    const refuse = (start: Uint8Array) => {
      throw new Error(Buffer.from(start).toString());
    };
    await expect(store.addFile(path, { accept: refuse })).rejects.toThrow("not wasm");
    expect(existsSync(store.folder)).toBe(false);
  });
});

describe("adding a stream", () => {
  const bytes = Buffer.from(Array.from({ length: 5000 }, (_, index) => (index * 7) % 251));
  const expected = { digest: digestOf(bytes), size: bytes.length };
  const refused = (message: string) =>
    expect.objectContaining({ code: "damaged", message: expect.stringContaining(message) });

  /** Hands the bytes on in pieces of 100. */
  const filling = (content: Uint8Array) => async (write: (chunk: Uint8Array) => Promise<unknown>) => {
    for (let position = 0; position < content.length; position += 100) {
      await write(content.subarray(position, position + 100));
    }
  };

  test("keeps the bytes that were announced, and does not ask for them again", async () => {
    await store.addStream(expected, filling(bytes));
    expect(Buffer.compare(await store.read(expected.digest), bytes)).toBe(0);
    await store.addStream(expected, () => Promise.reject(new Error("asked again")));
  });

  test.each<[string, Uint8Array, string]>([
    ["fewer", bytes.subarray(0, 4900), "only 4900 of 5000 bytes"],
    ["none", new Uint8Array(), "only 0 of 5000 bytes"],
    ["more", Buffer.concat([bytes, bytes]), "more than 5000 bytes"],
    ["others", Buffer.from(bytes).fill(0, 700, 701), "the bytes of sha256:"],
  ])("refuses %s, and leaves nothing behind", async (_, content, message) => {
    await expect(store.addStream(expected, filling(content))).rejects.toEqual(refused(message));
    expect(await files()).toEqual([]);
  });

  test("holds a source that verifies what it hands on to the size only", async () => {
    const options = { verified: true };
    const short = store.addStream(expected, filling(bytes.subarray(0, 4900)), options);
    await expect(short).rejects.toEqual(refused("only 4900 of 5000 bytes"));
    expect(await files()).toEqual([]);
    await store.addStream(expected, filling(bytes), options);
    expect(Buffer.compare(await store.read(expected.digest), bytes)).toBe(0);
  });

  test("gives on what its source throws, and leaves nothing behind", async () => {
    const broken = new Error("broken");
    const fill = async (write: (chunk: Uint8Array) => Promise<unknown>) => {
      await write(bytes.subarray(0, 1000));
      throw broken;
    };
    await expect(store.addStream(expected, fill)).rejects.toBe(broken);
    expect(await files()).toEqual([]);
  });

  test.each([100, 512, 5000])(
    "shows the first bytes to `accept`, which can refuse them: pieces of %i",
    async (size) => {
      let seen: Uint8Array = new Uint8Array();
      const accept = (start: Uint8Array) => {
        seen = start;
        throw new Error("refused");
      };
      let taken = 0;
      const fill = async (write: (chunk: Uint8Array) => Promise<unknown>) => {
        for (; taken < bytes.length; taken += size) await write(bytes.subarray(taken, taken + size));
      };
      await expect(store.addStream(expected, fill, { accept })).rejects.toThrow("refused");
      expect(Buffer.compare(seen, bytes.subarray(0, 512))).toBe(0);
      expect(taken).toBeLessThan(512);
      expect(await files()).toEqual([]);
    },
  );

  test("shows all of a small one to `accept`", async () => {
    const small = Buffer.from("small");
    const seen: string[] = [];
    const accept = (start: Uint8Array) => void seen.push(Buffer.from(start).toString());
    await store.addStream({ digest: digestOf(small), size: 5 }, filling(small), { accept });
    expect(seen).toEqual(["small"]);
  });

  test("asks for nothing beyond the limit, and stops when it is cancelled", async () => {
    const never = () => Promise.reject(new Error("asked"));
    await expect(store.addStream(expected, never, { maxSize: 4999 })).rejects.toMatchObject({
      code: "too-large",
    });
    const cancel = new AbortController();
    const fill = async (write: (chunk: Uint8Array) => Promise<unknown>) => {
      await write(bytes.subarray(0, 1000));
      cancel.abort();
      await write(bytes.subarray(1000));
    };
    const { signal } = cancel;
    await expect(store.addStream(expected, fill, { signal })).rejects.toMatchObject({ code: "cancelled" });
    expect(await files()).toEqual([]);
  });
});

describe("reading", () => {
  test("finds bytes that changed on the disk, removes them and says so", async () => {
    const { digest } = await store.addFile(await source("good"));
    await writeFile(store.path(digest), "evil");
    await expect(store.read(digest)).rejects.toMatchObject({ code: "damaged" });
    expect(await store.has(digest)).toBe(false);
  });

  test("or handing on the path verifies first", async () => {
    const { digest } = await store.addFile(await source("good"));
    expect(await store.verify(digest)).toBe(store.path(digest));
    await writeFile(store.path(digest), "evil");
    await expect(store.verify(digest)).rejects.toMatchObject({ code: "damaged" });
    expect(await store.has(digest)).toBe(false);
  });

  test("names the digest of bytes that are not there", async () => {
    const digest = digestOf(Buffer.from("elsewhere"));
    await expect(store.read(digest)).rejects.toThrow(
      `The bytes of ${digest} are not in this machine's cache`,
    );
  });

  test("takes no path for a digest", async () => {
    expect(() => store.path("sha256:../../../etc/passwd" as Digest)).toThrow(/not a sha256 digest/);
  });
});

describe("eviction", () => {
  async function addThree(limit: number): Promise<[Digest, Digest, Digest]> {
    store = new Store({ folder: store.folder, limit });
    const digests: Digest[] = [];
    for (const letter of ["a", "b", "c"]) {
      digests.push((await store.addBytes(Buffer.alloc(1000, letter))).digest);
    }
    return digests as [Digest, Digest, Digest];
  }

  test("removes the least recently used until the limit holds", async () => {
    const [a, b, c] = await addThree(2500);
    await lastUsed(a, 2 * day);
    await lastUsed(b, 3 * day);
    await lastUsed(c, 1 * day);
    await store.evict();
    expect([await store.has(a), await store.has(b), await store.has(c)]).toEqual([true, false, true]);
  });

  test("counts looking for bytes as a use of them", async () => {
    const [a, b, c] = await addThree(2500);
    for (const digest of [a, b, c]) await lastUsed(digest, 2 * day);
    await lastUsed(a, 3 * day);
    await store.has(a);
    await store.evict();
    expect(await store.has(a)).toBe(true);
    expect([await store.has(b), await store.has(c)].filter(Boolean)).toHaveLength(1);
  });

  test("keeps what is pinned, for as long as one owner has it pinned", async () => {
    const [a, b, c] = await addThree(500);
    for (const digest of [a, b, c]) await lastUsed(digest, 2 * day);
    await store.pin(a, "server-1");
    await store.pin(a, "server-2");
    await store.unpin(a, "server-1");
    await store.evict();
    expect([await store.has(a), await store.has(b), await store.has(c)]).toEqual([true, false, false]);
    await store.unpin(a, "server-2");
    await lastUsed(a, 2 * day);
    await store.evict();
    expect(await store.has(a)).toBe(false);
  });

  test("keeps what was used in the last hour, beyond the limit", async () => {
    const [a] = await addThree(500);
    await store.evict();
    expect(await store.has(a)).toBe(true);
  });

  test("is looked after again once a 64th of the limit was added, and not at each blob", async () => {
    const limit = 64_000;
    store = new Store({ folder: store.folder, limit });
    await store.addBytes(Buffer.from("the first one looks"));
    // By another process.
    const other = await new Store({ folder: store.folder }).addBytes(Buffer.alloc(limit, "o"));
    await lastUsed(other.digest, 2 * day);
    await store.addBytes(Buffer.alloc(999, "a"));
    const kept = await readdir(join(store.folder, "blobs", "sha256"));
    expect(kept).toContain(hexOf(other.digest));
    await store.addBytes(Buffer.from("b"));
    expect(await store.has(other.digest)).toBe(false);
  });

  test("removes what an aborted writer left, once it is old", async () => {
    const temporary = join(store.folder, "tmp");
    await mkdir(temporary, { recursive: true });
    const old = join(temporary, "old");
    await writeFile(old, "half");
    await utimes(old, 0, 0);
    await writeFile(join(temporary, "fresh"), "half");
    await store.evict();
    expect(await readdir(temporary)).toEqual(["fresh"]);
  });
});

describe("a cache that cannot be used", () => {
  test("a file where the folder should be", async () => {
    await writeFile(store.folder, "");
    await expect(store.addBytes(Buffer.from("x"))).rejects.toMatchObject({ code: "cache" });
  });

  test.skipIf(process.getuid?.() === 0)("a read-only folder still serves what it has", async () => {
    const { digest } = await store.addBytes(Buffer.from("x"));
    const folders = [join(store.folder, "blobs", "sha256"), join(store.folder, "tmp")];
    for (const each of folders) await chmod(each, 0o500);
    expect((await store.addBytes(Buffer.from("x"))).digest).toBe(digest);
    await expect(store.addBytes(Buffer.from("y"))).rejects.toThrow(
      /cannot be used \(EACCES\).*PULUMI_WASM_CACHE/,
    );
    for (const each of folders) await chmod(each, 0o700);
  });

  test("a full disk", async (context) => {
    const code = await fullDisk(folder);
    if (code === "no-mount") context.skip("no user namespace with a mount of its own can be had here");
    expect(code).toBe("cache: The disk of the cache folder is full (ENOSPC). leftovers: 0");
  });
});

/** Adds 2 MB to a cache on a file system of 1 MB, in a mount namespace of its own. */
async function fullDisk(inside: string): Promise<string> {
  const mountPoint = join(inside, "small");
  await mkdir(mountPoint);
  const module = join(import.meta.dirname, "../../provider/artifacts/store.ts");
  const script = `
    import { readdirSync } from "node:fs";
    import { Store } from ${JSON.stringify(module)};
    const folder = ${JSON.stringify(mountPoint)};
    const store = new Store({ folder });
    const error = await store.addFile(${JSON.stringify(await source(Buffer.alloc(2 << 20), "big.wasm"))}).catch((e) => e);
    const blobs = readdirSync(folder + "/blobs/sha256").length + readdirSync(folder + "/tmp").length;
    console.log(error.code + ": " + error.message.replace(" " + folder, "").split(" Free")[0] + " leftovers: " + blobs);`;
  const file = await source(script, "full.mjs");
  const command = `mount -t tmpfs -o size=1m tmpfs "${mountPoint}" || { echo no-mount; exit; }; "${process.execPath}" "${file}"`;
  const child = spawn("unshare", ["--mount", "--map-root-user", "sh", "-c", command], {
    stdio: ["ignore", "pipe", "ignore"],
  });
  let output = "";
  child.stdout.on("data", (chunk) => {
    output += chunk;
  });
  const ended = await Promise.race([once(child, "close"), once(child, "error").then(() => undefined)]);
  return ended && output ? output.trim() : "no-mount";
}

test("two processes that add the same bytes at once both succeed, and one blob remains", async () => {
  const path = await source(Buffer.alloc(4 << 20, "x"));
  const module = join(import.meta.dirname, "../../provider/artifacts/store.ts");
  const script = await source(
    `import { Store } from ${JSON.stringify(module)};
     const store = new Store({ folder: ${JSON.stringify(store.folder)} });
     for (let i = 0; i < 5; i++) {
       const { digest } = await store.addFile(${JSON.stringify(path)});
       // The other process may have discarded them meanwhile; what is read is whole.
       await store.read(digest).catch((error) => { if (error.code !== "not-found") throw error; });
       await store.discard(digest);
       await store.addFile(${JSON.stringify(path)});
     }`,
    "add.mjs",
  );
  const children = [1, 2].map(() => spawn(process.execPath, [script], { stdio: "inherit" }));
  const codes = await Promise.all(children.map(async (child) => (await once(child, "exit"))[0]));
  expect(codes).toEqual([0, 0]);
  expect(await files()).toHaveLength(1);
});

describe("the cache folder", () => {
  test.each<[string, NodeJS.ProcessEnv, NodeJS.Platform, RegExp]>([
    ["its own variable", { PULUMI_WASM_CACHE: "/x/y", XDG_CACHE_HOME: "/xdg" }, "linux", /^\/x\/y$/],
    ["XDG_CACHE_HOME", { XDG_CACHE_HOME: "/xdg" }, "darwin", /^\/xdg\/pulumi-wasm$/],
    [
      "the home folder, when XDG_CACHE_HOME is relative",
      { XDG_CACHE_HOME: "xdg" },
      "linux",
      /\/\.cache\/pulumi-wasm$/,
    ],
    ["the platform's folder on macOS", {}, "darwin", /Library\/Caches\/pulumi-wasm$/],
    ["the platform's folder on Windows", { LOCALAPPDATA: "/local" }, "win32", /^\/local\/pulumi-wasm$/],
  ])("comes from %s", (_, env, platform, expected) => {
    expect(cacheFolder(env, platform)).toMatch(expected);
  });

  test("is not relative to whatever program runs", () => {
    expect(() => cacheFolder({ PULUMI_WASM_CACHE: "cache" })).toThrow(/absolute path/);
  });
});
