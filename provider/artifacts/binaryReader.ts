const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/**
 * Reads WebAssembly's binary forms from a range of bytes, without copying them. Offsets count from the start of `bytes`.
 * Every method throws an Error where the range ends early or a form is not known.
 */
export class Reader {
  readonly bytes: Uint8Array;
  /** Of the next byte. */
  offset: number;
  readonly end: number;

  constructor(bytes: Uint8Array, offset = 0, end = bytes.length) {
    this.bytes = bytes;
    this.offset = offset;
    this.end = end;
  }

  atEnd(): boolean {
    return this.offset >= this.end;
  }

  peek(): number {
    const byte = this.bytes[this.offset];
    if (byte === undefined || this.atEnd()) throw new Error("unexpected end");
    return byte;
  }

  byte(): number {
    const byte = this.peek();
    this.offset += 1;
    return byte;
  }

  /** Unsigned LEB128, at most 32 bits. */
  u32(): number {
    let value = 0;
    for (let shift = 0; shift < 35; shift += 7) {
      const byte = this.byte();
      value += (byte & 0x7f) * 2 ** shift;
      if (byte < 0x80) {
        if (value > 0xffffffff) break;
        return value;
      }
    }
    throw new Error(`a number larger than 32 bits at offset ${this.offset}`);
  }

  flag(what: string): boolean {
    const byte = this.byte();
    if (byte > 1) throw this.unknown(what, byte);
    return byte === 1;
  }

  /** The next bytes, as a range of their own. */
  slice(length: number): Reader {
    const end = this.offset + length;
    if (end > this.end) throw new Error("unexpected end");
    const part = new Reader(this.bytes, this.offset, end);
    this.offset = end;
    return part;
  }

  /** What is left, as bytes. */
  rest(): Uint8Array {
    return this.bytes.subarray(this.offset, this.end);
  }

  string(): string {
    return utf8.decode(this.slice(this.u32()).rest());
  }

  many<T>(read: (reader: Reader) => T): T[] {
    const items: T[] = [];
    for (let left = this.u32(); left > 0; left -= 1) items.push(read(this));
    return items;
  }

  requireEnd(): void {
    if (!this.atEnd()) throw new Error(`unexpected bytes at offset ${this.offset}`);
  }

  /** About the byte that was just read. */
  unknown(what: string, byte: number): Error {
    return new Error(`unknown ${what} 0x${byte.toString(16)} at offset ${this.offset - 1}`);
  }
}
