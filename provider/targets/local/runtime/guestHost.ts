/**
 * The process that handles a component (transpiles it, serves it, or runs it once): a child under Node's permission model, with an empty environment and
 * without a listening socket. It ends when the pipe to its parent closes.
 */
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import type { FoundApp } from "../apps.ts";
import { engine } from "./engine.ts";
import type { FromHost, ToHost } from "./messages.ts";
import { Pool, runJob } from "./pool.ts";

let batch: FromHost[] = [];

/** What is said in one turn of the event loop goes as one message. */
function send(message: FromHost): void {
  if (batch.length === 0) setImmediate(flush);
  batch.push(message);
}

function flush(): void {
  const messages = batch;
  batch = [];
  if (process.connected) process.send?.(messages);
}

async function compile(folder: string): Promise<Map<string, WebAssembly.Module>> {
  const names = (await readdir(folder)).filter((name) => name.endsWith(".wasm"));
  const compiled = names.map(async (name) => {
    const bytes = new Uint8Array(await readFile(join(folder, name)));
    return [name, await engine.compile(bytes)] as const;
  });
  return new Map(await Promise.all(compiled));
}

const questions = new Map<string, PromiseWithResolvers<FoundApp>>();

/** The parent knows where Apps are: this process cannot look. Who asks for the same one at the same time gets the same answer. */
function findApp(name: string): Promise<FoundApp> {
  const asked = questions.get(name);
  if (asked) return asked.promise;
  const question = Promise.withResolvers<FoundApp>();
  questions.set(name, question);
  send({ type: "findApp", name });
  return question.promise;
}

function answer(name: string, found: FoundApp): void {
  questions.get(name)?.resolve(found);
  questions.delete(name);
}

let pool: Pool | undefined;

type Task = Extract<ToHost, { type: "serve" | "job" | "transpile" }>;

async function begin(message: Task): Promise<void> {
  try {
    if (message.type === "transpile") {
      const { transpile } = await import("./transpile.ts");
      await transpile(message.file, message.folder);
      return send({ type: "ready" });
    }
    const { config } = message;
    const modules = await compile(config.code);
    if (message.type === "job") return runJob(config, modules, send, findApp);
    pool = new Pool(config, modules, send, findApp);
    pool.open();
  } catch (error) {
    send({ type: "failed", message: error instanceof Error ? error.message : String(error) });
  }
}

process.on("disconnect", () => process.exit(0));
process.on("message", (messages: ToHost[]) => {
  for (const message of messages) {
    switch (message.type) {
      case "serve":
      case "job":
      case "transpile":
        void begin(message);
        break;
      case "app":
        answer(message.name, message.found);
        break;
      case "request":
        pool?.request(message.channel, message.head, message.hasBody);
        break;
      default:
        pool?.flow(message);
    }
  }
});
