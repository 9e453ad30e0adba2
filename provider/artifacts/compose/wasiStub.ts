/** The WASI that the composer is linked with: nothing to read, nowhere to write, the same numbers each time. */

type Imports = Record<string, Record<string, unknown>>;

/** Enough for the message of a panic. */
const maxMessage = 4096;

/** What the component imports, and what it said on its standard error stream: the message of a panic. */
export function wasiStub(): { imports: Imports; message: () => string } {
  const said: Uint8Array[] = [];
  let length = 0;

  class Handle {}
  /** Of a stream that can always be written. */
  class Pollable {
    ready(): boolean {
      return true;
    }
    block(): void {}
  }
  class OutputStream {
    checkWrite(): bigint {
      return 65_536n;
    }
    write(bytes: Uint8Array): void {
      if (length < maxMessage) said.push(bytes.slice(0, maxMessage - length));
      length += bytes.length;
    }
    blockingWriteAndFlush(bytes: Uint8Array): void {
      this.write(bytes);
    }
    subscribe(): Pollable {
      return new Pollable();
    }
    blockingFlush(): void {}
    flush(): void {}
  }
  class InputStream {
    read(): never {
      throw { tag: "closed" };
    }
    blockingRead(): never {
      throw { tag: "closed" };
    }
  }
  const none = () => undefined;
  const imports: Imports = {
    "wasi:cli/environment": { getEnvironment: () => [], getArguments: () => [], initialCwd: none },
    "wasi:cli/exit": {
      exit() {
        throw new Error("the composer ended itself");
      },
    },
    "wasi:cli/stdin": { getStdin: () => new InputStream() },
    "wasi:cli/stdout": { getStdout: () => new OutputStream() },
    "wasi:cli/stderr": { getStderr: () => new OutputStream() },
    "wasi:cli/terminal-input": { TerminalInput: Handle },
    "wasi:cli/terminal-output": { TerminalOutput: Handle },
    "wasi:cli/terminal-stdin": { getTerminalStdin: none },
    "wasi:cli/terminal-stdout": { getTerminalStdout: none },
    "wasi:cli/terminal-stderr": { getTerminalStderr: none },
    "wasi:io/error": { Error: Handle },
    "wasi:io/poll": { Pollable },
    "wasi:io/streams": { InputStream, OutputStream },
    // Hash tables are seeded with it: the same seed, the same course of events.
    "wasi:random/insecure-seed": { insecureSeed: () => [0n, 0n] },
  };
  return { imports, message: () => withoutPlace(Buffer.concat(said).toString("utf8").trim()) };
}

/** A panic says first where in the source it was, on a line of its own. */
function withoutPlace(message: string): string {
  return message.replace(/^thread .* panicked at .*:\n/, "");
}
