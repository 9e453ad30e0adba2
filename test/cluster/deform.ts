/** What a fault makes of a response's body, as a stream: nothing is held but a manifest that is rewritten. */
import { buffer } from "node:stream/consumers";
import type { Fault } from "./fault.ts";

/** Bytes of the body when the fault is through with `length` of them; `undefined`: it has no end. */
export function lengthOf(length: number, fault: Fault | undefined): number | undefined {
  if (fault?.kind === "shorter") return Math.max(0, length - fault.by);
  if (fault?.kind === "longer") return Number.isFinite(fault.by) ? length + fault.by : undefined;
  return length;
}

/**
 * The body as the fault leaves it. For `cutResponse` and `hang` it ends where the fault begins.
 * @param length of the body without the fault, in bytes
 */
export async function* deformed(
  body: AsyncIterable<Buffer>,
  length: number,
  fault: Fault | undefined,
): AsyncGenerator<Buffer> {
  switch (fault?.kind) {
    case "cutResponse":
    case "hang":
      return yield* upTo(body, fault.after ?? 0);
    case "shorter":
      return yield* upTo(body, Math.max(0, length - fault.by));
    case "longer":
      yield* body;
      return yield* zeros(fault.by);
    case "otherBytes":
      return yield* flipped(body);
    default:
      return yield* body;
  }
}

/** The JSON of a body, changed. */
export async function rewritten(
  body: AsyncIterable<Buffer>,
  change: (json: unknown) => unknown,
): Promise<Buffer> {
  // `buffer` takes any async iterable, its type does not say so.
  const text = (await buffer(body as AsyncIterable<Buffer> & NodeJS.ReadableStream)).toString();
  return Buffer.from(JSON.stringify(change(JSON.parse(text))));
}

async function* upTo(body: AsyncIterable<Buffer>, end: number): AsyncGenerator<Buffer> {
  let left = end;
  if (left === 0) return;
  for await (const chunk of body) {
    yield chunk.subarray(0, left);
    left -= Math.min(left, chunk.length);
    if (left === 0) return;
  }
}

async function* flipped(body: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  let first = true;
  for await (const chunk of body) {
    if (first) chunk.writeUInt8(chunk.readUInt8(0) ^ 1, 0);
    first = false;
    yield chunk;
  }
}

function* zeros(count: number): Generator<Buffer> {
  for (let left = count; left > 0; left -= 65_536) yield Buffer.alloc(Math.min(left, 65_536));
}
