import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync, zstdCompressSync } from "node:zlib";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { digestOf } from "../../provider/artifacts/digest.ts";
import { Store } from "../../provider/artifacts/store.ts";
import { falseClaims, pullModule, recallModule } from "../../provider/oci/pull.ts";
import { wasmArtifact as writtenArtifact } from "../../provider/oci/wasmArtifact.ts";
import {
  type Artifact,
  artifact,
  imageArtifact,
  layer,
  MemoryRegistry,
  type Part,
  spinArtifact,
  type TarFile,
  tar,
  types,
  wasmArtifact,
} from "./ociArtifacts.ts";

/** Two core modules, by a custom section. */
const module = Buffer.from("0061736d0100000000020178", "hex");
const other = Buffer.from("0061736d0100000000020179", "hex");
const elf = Buffer.from("\x7fELF\x02\x01\x01\xc8 and so on", "latin1");
const name = "registry.example/acme/api@sha256:…";

let folder: string;
let store: Store;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "wasm-formats-"));
  store = new Store({ folder });
});
afterEach(() => rm(folder, { recursive: true, force: true }));

interface Options {
  maxSize?: number;
  component?: string;
  signal?: AbortSignal;
}

function pull(
  from: Artifact,
  { maxSize = 1_000_000, component, signal = new AbortController().signal }: Options = {},
) {
  const source = new MemoryRegistry(from);
  const pulled = pullModule(from.digest, { source, store, name, maxSize, call: { signal } }, component);
  return { source, pulled };
}

async function expectModule(
  from: Artifact,
  bytes: Uint8Array,
  options: Options = {},
): Promise<MemoryRegistry> {
  const { source, pulled } = pull(from, options);
  expect(await pulled).toMatchObject({ digest: digestOf(bytes), size: bytes.length });
  expect(Buffer.from(await store.read(digestOf(bytes)))).toEqual(Buffer.from(bytes));
  await expectNothingLeft();
  return source;
}

async function expectRefused(from: Artifact, message: RegExp, options: Options = {}): Promise<void> {
  await expect(pull(from, options).pulled).rejects.toThrow(message);
  await expectNothingLeft();
}

async function expectNothingLeft(): Promise<void> {
  expect(await readdir(join(folder, "tmp")).catch(() => [])).toEqual([]);
}

const wasmFile = (path: string, content: Uint8Array = module): TarFile => ({ name: path, content });

describe("a Wasm layer", () => {
  it.each([
    types.wasm,
    "application/vnd.bytecodealliance.wasm.component.layer.v0+wasm",
    "application/vnd.wasm.content.layer.v1+wasm",
    "application/vnd.module.wasm.content.layer.v1+wasm",
  ])("of the type %s is the module", async (type) => {
    await expectModule(artifact([{ type, bytes: module }], { type: types.wasmConfig, value: {} }), module);
  });

  it("is refused by its first bytes where it is native code, and nothing of it is kept", async () => {
    const native = wasmArtifact(elf);
    await expectRefused(native, /^registry\.example\/.* is a native image \(ELF\).*\.cwasm/);
    expect(await store.has(digestOf(elf))).toBe(false);
  });

  it("is not sent where it is too large", async () => {
    const { source, pulled } = pull(wasmArtifact(module), { maxSize: 11 });
    await expect(pulled).rejects.toThrow(
      "has 12 bytes, more than 11 bytes. Build it smaller, or raise maxSize.",
    );
    expect(source.asked).toHaveLength(1);
  });

  it("is not sent again where the store has it, and nothing at all where the artifact is known", async () => {
    const known = wasmArtifact(module);
    await store.addBytes(module);
    const source = await expectModule(known, module);
    expect(source.asked).not.toContain(digestOf(module));
    const limits = { store, name, maxSize: 100 };
    expect(await recallModule(known.digest, limits)).toEqual({
      digest: digestOf(module),
      size: module.length,
    });
    await expect(recallModule(known.digest, { ...limits, maxSize: 3 })).rejects.toThrow("more than 3 bytes");
    await store.discard(digestOf(module));
    expect(await recallModule(known.digest, limits)).toBeUndefined();
  });

  it("has no components", async () => {
    await expectRefused(wasmArtifact(module), /is no Spin application, so it has no components/, {
      component: "api",
    });
  });
});

describe("claims of a config", () => {
  const inspection = {
    digest: digestOf(module), kind: "component", size: 12, languages: [], producers: [], wasiVersions: [], wit: "",
    imports: ["cache: wasi:keyvalue/store@0.2.0", "log", "wasi:http/types@0.2.3"],
    exports: ["wasi:http/incoming-handler@0.2.3"],
  } as const; // biome-ignore format: as short as can be
  const found = {
    ...inspection,
    imports: [...inspection.imports],
    exports: [...inspection.exports],
    languages: [],
    producers: [],
    wasiVersions: [],
  };
  const { imports, exports } = found;

  it("are kept, and hold where they say what the bytes do, in either form of a label", async () => {
    const claims = {
      imports: ["wasi:keyvalue/store@0.2.0", "log", "wasi:http/types@0.2.3", "some-type"],
      exports,
    };
    expect(await pull(wasmArtifact(module, claims)).pulled).toMatchObject({ claims });
    expect(falseClaims(claims, found)).toBeUndefined();
    expect(falseClaims({ imports, exports }, found)).toBeUndefined();
  });

  it("hold as an Image and wkg write them, with the label alone", async () => {
    const { kind, digest, size } = found;
    const { blobs } = writtenArtifact({ kind, digest, size, imports, exports });
    const config = JSON.parse(String(blobs.at(-1)?.bytes));
    expect(config.component.imports).toContain("cache");
    expect(falseClaims(config.component, found)).toBeUndefined();
  });

  it("do not hold with another label of the same interface", () => {
    const claims = { imports: imports.map((name) => name.replace("cache", "other")), exports };
    expect(falseClaims(claims, found)).toContain(
      "it does not name the imports cache: wasi:keyvalue/store@0.2.0; it names the imports other: wasi:keyvalue/store@0.2.0, which are not there",
    );
  });

  it("are told by each name that differs", () => {
    const message = falseClaims(
      { imports: ["log", "wasi:http/types@0.2.3", "wasi:io/poll@0.2.3"], exports: [] },
      found,
    );
    expect(message).toBe(
      "The artifact's config differs from its bytes, which are what counts: it does not name the imports cache: wasi:keyvalue/store@0.2.0; " +
        "it names the imports wasi:io/poll@0.2.3, which are not there; it does not name the exports wasi:http/incoming-handler@0.2.3. " +
        "Ask its publisher to push it again.",
    );
  });

  it.each([{}, { component: null }, { component: { imports: "all" } }, 7])(
    "may be none: %j",
    async (value) => {
      const from = artifact([{ type: types.wasm, bytes: module }], { type: types.wasmConfig, value });
      expect(await pull(from).pulled).not.toHaveProperty("claims");
    },
  );
});

describe("a Spin application", () => {
  const source = (bytes: Uint8Array) => ({ content_type: "application/wasm", digest: digestOf(bytes) });
  const two = spinArtifact(
    [
      { id: "web", source: source(module) },
      { id: "worker", source: source(other), env: { A: "b" }, files: [] },
    ],
    [module, other],
  );

  it("gives the component that is asked for, and remembers each by itself", async () => {
    await expectModule(two, module, { component: "web" });
    await expectModule(two, other, { component: "worker" });
    const limits = { store, name, maxSize: 100 };
    expect(await recallModule(two.digest, limits, "web")).toMatchObject({ digest: digestOf(module) });
    expect(await recallModule(two.digest, limits, "worker")).toMatchObject({ digest: digestOf(other) });
    expect(await recallModule(two.digest, limits)).toBeUndefined();
  });

  it("names its components where none of them is asked for", async () => {
    await expectRefused(
      two,
      /is a Spin application of several components: say which one is meant\. It has: web, worker\./,
    );
    await expectRefused(two, /has no component "api"\. It has: web, worker\./, { component: "api" });
  });

  it("of one component needs no name", async () => {
    await expectModule(spinArtifact([{ id: "web", source: source(module) }], [module]), module);
  });

  it("may hold a small component inline, which must be what its digest says", async () => {
    const inline = module.toString("base64");
    await expectModule(spinArtifact([{ id: "web", source: { ...source(module), inline } }], []), module);
    await expectModule(spinArtifact([{ id: "web", source: { inline } }], []), module);
    const swapped = spinArtifact([{ id: "web", source: { ...source(other), inline } }], []);
    await expectRefused(swapped, /"web" of .* has no bytes in the artifact/);
    await expectRefused(
      spinArtifact([{ id: "web", source: { inline: elf.toString("base64") } }], []),
      /native image/,
    );
  });

  it.each(["dependencies", "trigger_dependencies"])(
    "is refused with %s that are not composed",
    async (kind) => {
      const dependent = {
        id: "web",
        source: source(module),
        [kind]: { "acme:auth/check@1.2.0": { source: source(other) } },
      };
      await expectRefused(
        spinArtifact([dependent], [module, other]),
        /"web" of .* depends on components that are not composed into it: acme:auth\/check@1\.2\.0\. Push the application composed/,
      );
    },
  );

  it("without the bytes of a component is refused, and so is one that cannot be read", async () => {
    await expectRefused(
      spinArtifact([{ id: "web", source: { source: "file:///a.wasm" } }], []),
      /has no bytes in the artifact/,
    );
    await expectRefused(
      spinArtifact([{ name: "web" }], []),
      /a Spin application whose description cannot be read/,
    );
    await expectRefused(spinArtifact([], []), /a Spin application without components/);
  });
});

describe("an ordinary image", () => {
  const entrypoint = (...words: string[]) => ({ Entrypoint: words });

  it("gives its only Wasm file, whatever else is in it", async () => {
    const files = [
      { name: "etc/", type: "directory" as const },
      wasmFile("./app/api.wasm"),
      wasmFile("etc/notes", Buffer.alloc(6_000_000)),
    ];
    await expectModule(imageArtifact([await layer(files)]), module);
  });

  it.each(["/app/b.wasm", "b.wasm", "/app/b.wasm#run"])(
    "gives the file that its entrypoint names: %s",
    async (word) => {
      const image = imageArtifact([await layer([wasmFile("a.wasm"), wasmFile("app/b.wasm", other)])], {
        ...entrypoint(word),
        WorkingDir: "/app",
      });
      await expectModule(image, other);
    },
  );

  it("gives the file that its command names where there is no entrypoint, also without .wasm in its name", async () => {
    const image = imageArtifact([await layer([wasmFile("a.wasm"), wasmFile("api", other)])], {
      Cmd: ["/api"],
    });
    await expectModule(image, other);
  });

  it("names its Wasm files where several may be meant", async () => {
    const image = imageArtifact([await layer([wasmFile("a.wasm"), wasmFile("b.wasm")])], entrypoint("/"));
    await expectRefused(
      image,
      /several Wasm files \(\/a\.wasm, \/b\.wasm\), and its entrypoint is none of them/,
    );
  });

  it("takes the top layer's file, and does not ask for the layers below", async () => {
    const below = await layer([wasmFile("api.wasm")]);
    const image = imageArtifact([below, await layer([wasmFile("api.wasm", other)])], entrypoint("/api.wasm"));
    const source = await expectModule(image, other);
    expect(source.asked).not.toContain(digestOf(below.bytes));
  });

  it.each([["app/.wh.api.wasm"], [".wh.app"], ["app/.wh..wh..opq"], [".wh..wh..opq"]])(
    "does not take a file that %s removed in a layer above",
    async (whiteout) => {
      const image = imageArtifact([
        await layer([wasmFile("app/api.wasm")]),
        await layer([{ name: whiteout }]),
      ]);
      await expectRefused(image, /is an image without a \.wasm file/);
    },
  );

  it("takes a file that was removed and added again in the same layer", async () => {
    const top = await layer([{ name: ".wh.api.wasm" }, wasmFile("api.wasm", other)]);
    await expectModule(imageArtifact([await layer([wasmFile("api.wasm")]), top]), other);
  });

  it("takes the later of two entries of one path", async () => {
    await expectModule(
      imageArtifact([await layer([wasmFile("api.wasm", elf), wasmFile("api.wasm")])]),
      module,
    );
  });

  it("may be of Docker's types, and uncompressed", async () => {
    const bytes = await tar([wasmFile("api.wasm")]);
    const config = { type: "application/vnd.docker.container.image.v1+json", value: {} };
    const docker = "application/vnd.docker.distribution.manifest.v2+json";
    const gzip = { type: "application/vnd.docker.image.rootfs.diff.tar.gzip", bytes: gzipSync(bytes) };
    await expectModule(artifact([gzip], config, docker), module);
    await expectModule(imageArtifact([{ type: types.tar, bytes }]), module);
  });

  it("may be compressed with zstd, where Node reads that", async () => {
    const bytes = zstdCompressSync(await tar([wasmFile("api.wasm")]));
    await expectModule(imageArtifact([{ type: types.tarZstd, bytes }]), module);
  });

  const gzipped = async (files: TarFile[], change: (bytes: Buffer) => Buffer): Promise<Part> => ({
    type: types.tarGzip,
    bytes: change(gzipSync(await tar(files))),
  });
  const refused: [what: string, image: () => Promise<Part>, message: RegExp][] = [
    ["native code", () => layer([wasmFile("api.wasm", elf)]), /^\/api\.wasm in registry\.example\/.* is a native image \(ELF\)/],
    ["a link", () => layer([{ name: "api.wasm", type: "symlink", linkname: "/etc/passwd" }]), /^\/api\.wasm in .* is a link\. Copy the file itself/],
    ["a file beyond maxSize", () => layer([wasmFile("api.wasm", Buffer.alloc(1_000_001))]), /^The module of \/api\.wasm in .* raise maxSize/],
    ["bytes that are no gzip", () => gzipped([wasmFile("api.wasm")], () => Buffer.from("nothing of the kind")), /is not a whole tar archive in gzip \(incorrect header check\)/],
    ["gzip that is cut", () => gzipped([wasmFile("api.wasm", Buffer.concat([module, Buffer.alloc(999)]))], (bytes) => bytes.subarray(0, -9)), /is not a whole tar archive in gzip \(unexpected end of file\)/],
    ["no archive", async () => ({ type: types.tar, bytes: Buffer.alloc(2048, "x") }), /is not a whole tar archive \(Invalid tar header/],
    ["an archive that is cut", async () => ({ type: types.tar, bytes: (await tar([wasmFile("api.wasm", Buffer.alloc(2000))])).subarray(0, 1500) }), /is not a whole tar archive \(Unexpected end of data\)/],
    ["a header without end", async () => ({ type: types.tarGzip, bytes: Buffer.concat([gzipSync(tarHeader("x", 1024 ** 3, "x")), ...zeros(1)]) }), /has a header of more than 4 MiB/],
    ["a path that no system has", () => layer([wasmFile(`${"a/".repeat(2100)}api.wasm`)]), /has a path of more than 4096 characters/],
    ["more files than are read", () => gzipped([], () => gzipSync(Buffer.concat(Array(100_001).fill(tarHeader("x", 0, "0"))))), /has more files than the image of a module may have/],
  ]; // biome-ignore format: a table
  it.each(refused)("with %s is refused", async (_what, part, message) => {
    await expectRefused(imageArtifact([await part()]), message);
  });

  it("that unpacks to more than any module needs is given up on the way", async () => {
    const bomb = Buffer.concat([gzipSync(tarHeader("data", 2 * 1024 ** 3, "0")), ...zeros(17)]);
    await expectRefused(
      imageArtifact([{ type: types.tarGzip, bytes: bomb }]),
      /unpacks to more bytes than the image of a module may have/,
    );
  });

  it("is left at once when the user cancels", async () => {
    const image = imageArtifact([await layer([wasmFile("api.wasm")])]);
    await expectRefused(image, /Cancelled|aborted/, { signal: AbortSignal.abort() });
  });
});

/** Members of gzip that unpack to 64 MiB each. */
function zeros(count: number): Buffer[] {
  return Array.from({ length: count }, () => member);
}
const member = gzipSync(Buffer.alloc(64 * 1024 ** 2));

/** A header of the ustar format, with a size that is not that of what follows. */
function tarHeader(path: string, size: number, type: string): Buffer {
  const header = Buffer.alloc(512);
  header.write(path, 0);
  header.write(`${size.toString(8).padStart(11, "0")} `, 124);
  header.write("        ", 148);
  header.write(type, 156);
  header.write("ustar\u000000", 257);
  const sum = header.reduce((total, byte) => total + byte, 0);
  header.write(`${sum.toString(8).padStart(6, "0")}\0 `, 148);
  return header;
}
