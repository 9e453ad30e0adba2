/** `wasi:http/types.fields`, and the conversions between header bytes and Latin-1 text. */
import type { HeaderList } from "../messages.ts";
import { WitError } from "./errors.ts";

/** What only a connection's own end may set (as Wasmtime has it). */
const FORBIDDEN = new Set([
  "connection",
  "host",
  "http2-settings",
  "keep-alive",
  "proxy-authenticate",
  "proxy-authorization",
  "proxy-connection",
  "transfer-encoding",
  "upgrade",
]);

const NAME = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;
// A field value of RFC 9110: no control characters but the tab. Latin-1, one character a byte.
const VALUE = /^[\t\x20-\x7e\x80-\xff]*$/;

function latin1(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("latin1");
}

function bytesOf(text: string): Uint8Array {
  return new Uint8Array(Buffer.from(text, "latin1"));
}

export class Fields {
  #entries: { key: string; name: string; value: string }[] = [];
  #immutable = false;

  static fromList(entries: [string, Uint8Array][]): Fields {
    const fields = new Fields();
    for (const [name, value] of entries) fields.append(name, value);
    return fields;
  }

  /** From the wire: what a guest may not see is left out, nothing is refused. */
  static received(headers: HeaderList): Fields {
    const fields = new Fields();
    for (const [name, value] of headers) {
      const key = name.toLowerCase();
      if (!FORBIDDEN.has(key)) fields.#entries.push({ key, name, value });
    }
    fields.#immutable = true;
    return fields;
  }

  /** Passes the fields on; the guest's handle cannot change them any more. */
  static seal(fields: Fields): Fields {
    fields.#immutable = true;
    return fields;
  }

  static toList(fields: Fields): HeaderList {
    return fields.#entries.map(({ name, value }) => [name, value]);
  }

  /** The declared body length, where there is one. */
  static contentLength(fields: Fields): number | undefined {
    const value = fields.#entries.find(({ key }) => key === "content-length")?.value;
    return value !== undefined && /^\d{1,15}$/.test(value) ? Number(value) : undefined;
  }

  get(name: string): Uint8Array[] {
    const key = name.toLowerCase();
    return this.#entries.filter((e) => e.key === key).map((e) => bytesOf(e.value));
  }

  has(name: string): boolean {
    const key = name.toLowerCase();
    return this.#entries.some((e) => e.key === key);
  }

  set(name: string, values: Uint8Array[]): void {
    const texts = values.map((value) => this.#check(name, value));
    if (values.length === 0) this.#check(name, new Uint8Array());
    this.#remove(name);
    for (const value of texts) this.#entries.push({ key: name.toLowerCase(), name, value });
  }

  append(name: string, value: Uint8Array): void {
    const text = this.#check(name, value);
    this.#entries.push({ key: name.toLowerCase(), name, value: text });
  }

  delete(name: string): void {
    this.#check(name, new Uint8Array());
    this.#remove(name);
  }

  entries(): [string, Uint8Array][] {
    return this.#entries.map(({ name, value }) => [name, bytesOf(value)]);
  }

  clone(): Fields {
    const copy = new Fields();
    copy.#entries = this.#entries.map((entry) => ({ ...entry }));
    return copy;
  }

  #remove(name: string): void {
    const key = name.toLowerCase();
    this.#entries = this.#entries.filter((e) => e.key !== key);
  }

  #check(name: string, value: Uint8Array): string {
    if (this.#immutable) throw new WitError({ tag: "immutable" });
    const text = latin1(value);
    if (!NAME.test(name) || !VALUE.test(text)) throw new WitError({ tag: "invalid-syntax" });
    if (FORBIDDEN.has(name.toLowerCase())) throw new WitError({ tag: "forbidden" });
    return text;
  }
}
