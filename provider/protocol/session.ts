/** One engine's connection to this plugin: its address, its configuration, and what is under way. */
import * as z from "zod";
import type { Context, Log } from "../resources/resource.ts";
import type { Settings } from "../settings.ts";
import { Engine, silent } from "./engine.ts";
import { Operations } from "./operations.ts";

export class Session {
  operations = new Operations();
  settings: Settings = {};
  /** The version that the program asks for; absent where it takes the one that is installed. */
  version: string | undefined;
  #address: string | undefined;
  #engine: Engine | undefined;

  constructor(address?: string) {
    if (address) this.attach(address);
  }

  /** The engine's address, for Construct. */
  get engineAddress(): string | undefined {
    return this.#address;
  }

  attach(address: string): void {
    if (address === this.#address) return;
    this.#engine?.close();
    this.#address = address;
    this.#engine = new Engine(address);
    // What the former engine cancelled was its own: a plugin under a debugger serves one run after the other.
    this.operations = new Operations();
  }

  log(urn: string, secrets: readonly string[]): Log {
    return this.#engine?.log(urn, secrets) ?? silent;
  }

  async flushed(): Promise<void> {
    await this.#engine?.flushed();
  }

  context(request: {
    urn: string;
    preview: boolean;
    signal: AbortSignal;
    secrets: readonly string[];
  }): Context {
    const { urn, preview, signal, secrets } = request;
    return { urn, name: nameOf(urn), preview, signal, log: this.log(urn, secrets), settings: this.settings };
  }
}

const urnPattern = z.string().regex(/^urn:pulumi:[^:]+::.*$/);

/** The part after the last `::`; a name may itself hold colons, but not two in a row before the type ends. */
function nameOf(urn: string): string {
  if (!urnPattern.safeParse(urn).success) return urn;
  return urn.split("::").slice(3).join("::");
}

/** `wasm:index:Module`, the last one of the types that a URN's parents put before it. */
export function typeOf(urn: string): string {
  return urn.split("::")[2]?.split("$").at(-1) ?? "";
}
