import { ArtifactError } from "./errors.ts";

/** What the first bytes say; a WIT package looks like a component here and is told apart by `inspectBytes`. */
export type ModuleKind = "component" | "core";

/** How many bytes `classify` looks at. */
export const headerSize = 512;

const wasmMagic = [0x00, 0x61, 0x73, 0x6d];
const coreVersion = [0x01, 0x00, 0x00, 0x00];
/** Version 13, layer 1: the only one that the component model has. */
const componentVersion = [0x0d, 0x00, 0x01, 0x00];

/** Forms in which a module may come by mistake, by their first bytes, and what to do about each. */
const mistakes: { starts: number[]; message: string }[] = [
  {
    starts: [0x7f, 0x45, 0x4c, 0x46],
    message:
      "is a native image (ELF), for example one that Wasmtime or wasmCloud precompiled (.cwasm). Give the .wasm file that it was made from: a native image cannot be inspected and fits one runtime version only.",
  },
  {
    starts: [0x4d, 0x5a],
    message: "is a Windows program, not WebAssembly. Build for a target such as wasm32-wasip2.",
  },
  {
    starts: [0xcf, 0xfa, 0xed, 0xfe],
    message:
      "is a native image (Mach-O), not WebAssembly. Give the .wasm file; build for a target such as wasm32-wasip2.",
  },
  { starts: [0x1f, 0x8b], message: "is compressed with gzip. Give the unpacked .wasm file." },
  { starts: [0x28, 0xb5, 0x2f, 0xfd], message: "is compressed with zstd. Give the unpacked .wasm file." },
  { starts: [0x50, 0x4b, 0x03, 0x04], message: "is a zip archive. Give the .wasm file that is in it." },
];

/**
 * Tells a core module from a component by the 8 bytes that each begins with.
 *
 * @param start the first `headerSize` bytes, or all of them
 * @param name how messages call the source, such as a path
 * @throws ArtifactError `not-deployable` or `invalid`; the message says what the bytes are and what to do
 */
export function classify(start: Uint8Array, name: string): ModuleKind {
  if (start.length === 0)
    throw new ArtifactError("not-deployable", `${name} is empty. Build the module again.`);
  if (!startsWith(start, wasmMagic)) throw new ArtifactError("not-deployable", `${name} ${notWasm(start)}`);
  if (start.length < 8) {
    throw new ArtifactError(
      "invalid",
      `${name} ends after ${start.length} bytes, within its header. Build it again.`,
    );
  }
  const version = start.subarray(4, 8);
  if (startsWith(version, coreVersion)) return "core";
  if (startsWith(version, componentVersion)) return "component";
  throw new ArtifactError(
    "invalid",
    `${name} has the unknown WebAssembly version ${Buffer.from(version).toString("hex")}: neither a core module (01000000) nor a component (0d000100). Build it with current tools.`,
  );
}

function notWasm(start: Uint8Array): string {
  if (start.length < wasmMagic.length && startsWith(Uint8Array.from(wasmMagic), [...start])) {
    return `ends after ${start.length} bytes, within its header. Build it again.`;
  }
  const mistake = mistakes.find((candidate) => startsWith(start, candidate.starts));
  if (mistake) return mistake.message;
  const text = Buffer.from(start).toString("utf8").trimStart();
  if (/^(\(|;;)/.test(text) && /\((module|component)\b/.test(text)) {
    return "is WebAssembly text (WAT). Make a binary of it first: wasm-tools parse <file> -o module.wasm";
  }
  if (/^(\/\/.*\n\s*)*(package\s+[a-z][\w-]*:|world\s|interface\s)/.test(text)) {
    return "is a WIT text file: it describes interfaces and holds no code. Give the component that implements them.";
  }
  if (text.startsWith("version https://git-lfs"))
    return "is a Git LFS pointer. Fetch the file itself: git lfs pull";
  return `is not WebAssembly: it begins with ${Buffer.from(start.subarray(0, 4)).toString("hex")}, not 0061736d. Give a .wasm file.`;
}

function startsWith(bytes: Uint8Array, prefix: number[]): boolean {
  return prefix.every((byte, index) => bytes[index] === byte);
}
