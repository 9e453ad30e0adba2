import { type FileHandle, open } from "node:fs/promises";
import { type Digest, digestOf, hashFile } from "../artifacts/digest.ts";
import { systemCode } from "../artifacts/errors.ts";
import { OciError } from "./errors.ts";
import type { Body } from "./transport.ts";

/** Where a blob's bytes come from: they can be read again, from any place, for each try. */
export type UploadSource = { path: string } | { bytes: Uint8Array };

/** Few turns of the event loop, and more than a socket takes without waiting: see `piecesOfFile`. */
const pieceSize = 512 * 1024;

/** The bytes from `start` to `end`. `sent` hears of each piece once the socket has taken it. */
export function bodyOf(
  source: UploadSource,
  start: number,
  end: number,
  sent: (bytes: number) => void,
): Body {
  const pieces = () =>
    "path" in source ? piecesOfFile(source.path, start, end, sent) : piecesOf(source.bytes, start, end, sent);
  return { size: end - start, open: pieces };
}

/** What the source holds now. */
export async function digestOfSource(source: UploadSource): Promise<Digest> {
  if ("bytes" in source) return digestOf(source.bytes);
  const file = await openSource(source.path);
  try {
    return (await hashFile(file)).digest;
  } finally {
    await file.close();
  }
}

async function* piecesOf(
  bytes: Uint8Array,
  start: number,
  end: number,
  sent: (bytes: number) => void,
): AsyncGenerator<Uint8Array> {
  if (bytes.length < end) throw endsEarly("what is to be pushed");
  for (let position = start; position < end; position += pieceSize) {
    const piece = bytes.subarray(position, Math.min(end, position + pieceSize));
    yield piece;
    sent(piece.length);
  }
}

/**
 * Reads one piece ahead, so that disk and network work at once, into two buffers whatever the size: a piece is valid until
 * the next one is asked for. A socket that was given more than it buffers lets us ask once all of it has been passed on;
 * only the last piece may be smaller, and after it nothing is read.
 */
async function* piecesOfFile(
  path: string,
  start: number,
  end: number,
  sent: (bytes: number) => void,
): AsyncGenerator<Uint8Array> {
  const file = await openSource(path);
  let ahead: Promise<Uint8Array> | undefined;
  try {
    let position = start;
    const read = async (buffer: Buffer) => {
      const piece = buffer.subarray(0, Math.min(buffer.length, end - position));
      await fill(piece, file, position, path);
      position += piece.length;
      return piece;
    };
    const size = Math.min(pieceSize, end - start);
    let [buffer, spare] = [Buffer.allocUnsafeSlow(size), Buffer.allocUnsafeSlow(size)];
    ahead = read(buffer);
    while (ahead) {
      const piece: Uint8Array = await ahead;
      [buffer, spare] = [spare, buffer];
      ahead = position < end ? read(buffer) : undefined;
      // Awaited after the piece is sent: a failure until then has to wait for that.
      ahead?.catch(() => undefined);
      yield piece;
      sent(piece.length);
    }
  } finally {
    await ahead?.catch(() => undefined);
    await file.close();
  }
}

async function fill(piece: Uint8Array, file: FileHandle, position: number, path: string): Promise<void> {
  for (let filled = 0; filled < piece.length; ) {
    const { bytesRead } = await file.read(piece, filled, piece.length - filled, position + filled);
    if (bytesRead === 0) throw endsEarly(path);
    filled += bytesRead;
  }
}

async function openSource(path: string): Promise<FileHandle> {
  return open(path).catch((error) => {
    throw new OciError(
      "damaged",
      `${path}, which is to be pushed, cannot be read (${systemCode(error) ?? "unknown reason"}). Run again.`,
      { cause: error },
    );
  });
}

function endsEarly(name: string): OciError {
  return new OciError("damaged", `${name} has fewer bytes than it had before. Run again.`);
}
