/** Canonical functions, by which core code and components call one another: `canon` of the component model's binary. */
import type { Reader } from "../binaryReader.ts";
import { readResult, readValue, type TypeScope } from "./types.ts";

export type Canon =
  /** Makes a function of a component from core code. `memory` and `plain` describe its options. */
  | { kind: "lift"; function: number; type: number; memory: number | undefined; plain: boolean }
  /** Makes core code able to call a component's function. */
  | { kind: "lower"; function: number }
  /** Makes, drops or looks into a handle. A drop runs the destructor of whoever defined the resource, and no other code. */
  | { kind: "resource"; type: number }
  /** Tasks, threads, streams, futures and their like. */
  | { kind: "other" };

interface Options {
  memory: number | undefined;
  /** Nothing but UTF-8 and a memory: lifting runs no code but the function. */
  plain: boolean;
}

type Operand = "index" | "flag" | "options" | "result" | "core type";

/** What follows the first byte of each function of the kind `other`. */
const others = new Map<number, Operand[]>([
  [0x05, []], // task.cancel
  [0x06, ["flag"]], // subtask.cancel
  [0x09, ["result", "options"]], // task.return
  [0x0a, ["core type", "index"]], // context.get
  [0x0b, ["core type", "index"]], // context.set
  [0x0c, ["flag"]], // thread.yield
  [0x0d, []], // subtask.drop
  [0x0e, ["index"]], // stream.new
  [0x0f, ["index", "options"]], // stream.read
  [0x10, ["index", "options"]], // stream.write
  [0x11, ["index", "flag"]], // stream.cancel-read
  [0x12, ["index", "flag"]], // stream.cancel-write
  [0x13, ["index"]], // stream.drop-readable
  [0x14, ["index"]], // stream.drop-writable
  [0x15, ["index"]], // future.new
  [0x16, ["index", "options"]], // future.read
  [0x17, ["index", "options"]], // future.write
  [0x18, ["index", "flag"]], // future.cancel-read
  [0x19, ["index", "flag"]], // future.cancel-write
  [0x1a, ["index"]], // future.drop-readable
  [0x1b, ["index"]], // future.drop-writable
  [0x1c, ["options"]], // error-context.new
  [0x1d, ["options"]], // error-context.debug-message
  [0x1e, []], // error-context.drop
  [0x1f, []], // waitable-set.new
  [0x20, ["flag", "index"]], // waitable-set.wait
  [0x21, ["flag", "index"]], // waitable-set.poll
  [0x22, []], // waitable-set.drop
  [0x23, []], // waitable.join
  [0x24, []], // backpressure.inc
  [0x25, []], // backpressure.dec
  [0x26, []], // thread.index
  [0x27, ["index", "index"]], // thread.new-indirect
  [0x28, []], // thread.resume-later
  [0x29, ["flag"]], // thread.suspend
  [0x2a, ["flag"]], // thread.suspend-then-resume
  [0x2b, ["flag"]], // thread.yield-then-resume
  [0x2c, ["flag"]], // thread.suspend-then-promote
  [0x2d, ["flag"]], // thread.yield-then-promote
  [0x40, ["index"]], // thread.spawn-ref
  [0x41, ["index", "index"]], // thread.spawn-indirect
  [0x42, []], // thread.available-parallelism
]);

export function readCanon(reader: Reader, scope: TypeScope): Canon {
  const form = reader.byte();
  if (form === 0x00) {
    requireZero(reader);
    const lifted = reader.u32();
    const options = readOptions(reader);
    return { kind: "lift", function: lifted, type: reader.u32(), ...options };
  }
  if (form === 0x01) {
    requireZero(reader);
    const lowered = reader.u32();
    readOptions(reader);
    return { kind: "lower", function: lowered };
  }
  if (form >= 0x02 && form <= 0x04) return { kind: "resource", type: reader.u32() };
  const operands = others.get(form);
  if (!operands) throw reader.unknown("canonical function", form);
  for (const operand of operands) skip(reader, scope, operand);
  return { kind: "other" };
}

function requireZero(reader: Reader): void {
  const byte = reader.byte();
  if (byte !== 0) throw reader.unknown("canonical function", byte);
}

function skip(reader: Reader, scope: TypeScope, operand: Operand): void {
  if (operand === "index") reader.u32();
  else if (operand === "flag") reader.flag("option of a canonical function");
  else if (operand === "options") readOptions(reader);
  else if (operand === "result") readResult(reader, () => readValue(reader, scope));
  else if (reader.byte() < 0x7c) throw new Error("only numbers are kept in a context");
}

function readOptions(reader: Reader): Options {
  const options: Options = { memory: undefined, plain: true };
  reader.many(() => {
    const option = reader.byte();
    if (option > 0x09) throw reader.unknown("canonical option", option);
    if (option === 0x03) options.memory = reader.u32();
    else {
      if (option !== 0x00) options.plain = false;
      if (option === 0x04 || option === 0x05 || option === 0x07 || option === 0x08) reader.u32();
    }
  });
  return options;
}
