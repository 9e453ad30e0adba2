// Prints a line on QuickJS, which has neither a console nor a TextEncoder.
import { getStdout } from "wasi:cli/stdout@0.2.0";

const line = Uint8Array.from("hello from JavaScript\n", (character) => character.charCodeAt(0));

export const run = {
  run() {
    getStdout().blockingWriteAndFlush(line);
  },
};
