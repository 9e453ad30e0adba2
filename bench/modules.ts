/** The modules that are measured: guests of the tests, made larger or distinct by a custom section at their end. */
import { readFile } from "node:fs/promises";
import { inRepository } from "../tools/repository.ts";

/** Answers with what it was sent. */
export const echo = inRepository("test/fixtures/guests/echo.wasm");

const customSection = 0;
const sectionName = "bench";

/** `module` with a custom section that brings it to `size` bytes; a different `mark` makes different bytes. */
export function padded(module: Buffer, size: number, mark: number): Buffer {
  const name = Buffer.from(sectionName);
  const head = (content: number) =>
    Buffer.concat([Buffer.of(customSection), unsigned(content), unsigned(name.length), name]);
  const content = size - module.length - 1 - unsigned(0).length;
  const payload = content - unsigned(0).length - name.length;
  if (payload < 4) throw new Error(`The module is too large for ${size} bytes.`);
  const bytes = Buffer.alloc(payload, "padding ");
  bytes.writeUInt32LE(mark);
  return Buffer.concat([module, head(content), bytes]);
}

/** The echo guest with one byte changed, the `a` of its answer to `/status`: `as asked`, `bs asked`, … */
export async function echoAnswering(letter: string): Promise<Buffer> {
  const module = await readFile(echo);
  const at = module.indexOf("as asked");
  if (at < 0) throw new Error("The echo guest no longer says `as asked`.");
  module.write(letter, at);
  return module;
}

/** LEB128 in the five bytes that 32 bits can take, so that its length does not depend on the value. */
function unsigned(value: number): Buffer {
  const bytes = [0, 7, 14, 21].map((shift) => ((value >>> shift) & 0x7f) | 0x80);
  return Buffer.from([...bytes, (value >>> 28) & 0x0f]);
}
