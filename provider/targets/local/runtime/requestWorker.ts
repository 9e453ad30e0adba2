/** A worker thread of the guest host: runs one instance of the component at a time, each fresh. */
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { parentPort, workerData } from "node:worker_threads";
import { engine } from "./engine.ts";
import { Denied, GuestExit } from "./host/errors.ts";
import { type HostImports, hostImports } from "./host/imports.ts";
import { Mailbox } from "./host/mailbox.ts";
import type { RequestHead, ToWorker, WorkerData } from "./messages.ts";

type Instantiate = (getCoreModule: (name: string) => WebAssembly.Module, imports: object) => unknown;
type Handler = { handle(request: object, outparam: object): void };
type Runner = { run(): void };

interface Instance {
  exports: Record<string, unknown>;
  host: HostImports;
}

const { config, modules, signal, port, run } = workerData as WorkerData;
const mailbox = new Mailbox(port, signal);

const instantiate = await (async () => {
  const module: { instantiate: Instantiate } = await import(
    pathToFileURL(join(config.code, "component.js")).href
  );
  return (host: HostImports): Instance => {
    const getCoreModule = (name: string) => {
      const found = modules.get(name);
      if (!found) throw new Error(`the transpiled component has no module ${name}`);
      return found;
    };
    return { exports: module.instantiate(getCoreModule, host.imports) as Record<string, unknown>, host };
  };
})();

function create(): Instance {
  return instantiate(hostImports(config, mailbox));
}

/** The exported instance of an interface, whatever its 0.2.x version. */
function exported<T>(instance: Instance, name: string): T {
  const key = Object.keys(instance.exports).find((k) => k.startsWith(`${name}@0.2.`));
  if (key === undefined) throw new Error(`the component does not export ${name}@0.2.x`);
  return instance.exports[key] as T;
}

/** What a trap is called in the log and in the answer. */
function describe(error: unknown): string {
  if (error instanceof GuestExit || error instanceof Denied) return error.message;
  if (error instanceof engine.RuntimeError) return `the guest trapped: ${error.message}`;
  if (error instanceof RangeError) return `the guest ran out of stack or memory: ${error.message}`;
  return `the guest failed: ${error instanceof Error ? error.message : String(error)}`;
}

function log(text: string): void {
  mailbox.send({ type: "log", stream: "host", text });
}

function end(instance: Instance): void {
  instance.host.end();
  mailbox.reset();
}

function serve(
  instance: Instance,
  channel: number,
  head: RequestHead,
  hasBody: boolean,
  arrived: ToWorker[],
): void {
  const exchange = instance.host.exchange(channel, head, hasBody);
  // What came of the body while the request waited for a thread; nobody listened to its channel before.
  mailbox.deliver(arrived);
  let problem: string | undefined;
  try {
    exported<Handler>(instance, "wasi:http/incoming-handler").handle(exchange.request, exchange.outparam);
  } catch (error) {
    problem = describe(error);
  }
  if (problem === undefined && !exchange.answered()) problem = "the guest returned without an answer";
  if (problem === undefined) return;
  log(`${head.method} ${head.path.split("?")[0]}: ${problem}`);
  if (exchange.answered()) mailbox.send({ type: "abort", channel, reason: problem });
  else mailbox.send({ type: "refuse", channel, status: 500, message: problem });
}

function runOnce(instance: Instance): number {
  try {
    exported<Runner>(instance, "wasi:cli/run").run();
    return 0;
  } catch (error) {
    if (error instanceof GuestExit) return error.code;
    // jco throws the `err` side of the exported function's result, which is empty.
    const isErr = error instanceof Error && error.name === "ComponentError";
    log(isErr ? "the guest returned an error" : describe(error));
    return 1;
  }
}

let spare: Instance | undefined;

function onRequest(message: Extract<ToWorker, { type: "request" }>, arrived: ToWorker[]): void {
  const instance = spare ?? create();
  mailbox.begin();
  spare = undefined;
  serve(instance, message.channel, message.head, message.hasBody, arrived);
  end(instance);
  mailbox.send({ type: "instance", state: "ended" });
  mailbox.flush();
  // The next request finds its instance made.
  spare = create();
}

port.on("message", (messages: ToWorker[]) => {
  const request = messages.find((message) => message.type === "request");
  if (request) onRequest(request, messages);
  else mailbox.deliver(messages);
});

spare = create();
if (run === "job") {
  const instance = spare;
  const code = runOnce(instance);
  end(instance);
  mailbox.send({ type: "exit", code });
  mailbox.flush();
} else {
  exported<Handler>(spare, "wasi:http/incoming-handler");
  mailbox.send({ type: "instance", state: "ready" });
  mailbox.flush();
}
parentPort?.unref();
