/** The plugin's entry: listens on loopback, prints the port as the engine expects it, and loads the rest on demand. */
import { serve } from "./protocol/listen.ts";

// The engine passes its address last, after flags such as --logtostderr; without one it attaches later.
const address = process.argv.slice(2).findLast((argument) => !argument.startsWith("-"));
const port = await serve(address);
process.stdout.write(`${port}\n`);

// An engine that is killed ends nobody; what it asked for must not go on, nor wait for it.
const engine = process.ppid;
setInterval(() => {
  if (process.ppid !== engine) process.exit();
}, 1_000).unref();
