/** A log file with the time and the stream on each line, which does not grow without end. */
import { closeSync, openSync, renameSync, writeSync } from "node:fs";

const MAX_BYTES = 10 * 1024 * 1024;

export class LogFile {
  readonly path: string;
  #file: number;
  #bytes = 0;
  #last: string[] = [];

  /** Appends to the file at `path`; a full one moves to `<path>.1`. */
  constructor(path: string) {
    this.path = path;
    this.#file = openSync(path, "a", 0o600);
  }

  write(stream: string, text: string): void {
    const time = new Date().toISOString();
    for (const line of text.replace(/\n$/, "").split("\n")) {
      const entry = `${time} ${stream} ${line}\n`;
      this.#append(entry);
      this.#last.push(entry.trimEnd());
      if (this.#last.length > 20) this.#last.shift();
    }
  }

  /** What was written last, oldest first. */
  lastLines(): string[] {
    return [...this.#last];
  }

  #append(entry: string): void {
    // A full disk must not end the server.
    try {
      this.#bytes += writeSync(this.#file, entry);
      if (this.#bytes < MAX_BYTES) return;
      renameSync(this.path, `${this.path}.1`);
      closeSync(this.#file);
      this.#file = openSync(this.path, "a", 0o600);
      this.#bytes = 0;
    } catch {}
  }
}
