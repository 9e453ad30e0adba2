/** `jco serve`, by which one would otherwise run a component in Node. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { createServer } from "node:net";
import { taskSignal } from "../tools/task.ts";
import { packageScript } from "./packages.ts";
import { answer } from "./requests.ts";

export interface Served extends AsyncDisposable {
  url: string;
}

/**
 * Serves a component, each request in an instance of its own; resolves when it has answered `path`. What it compiles goes
 * into `folder`.
 */
export async function jcoServe(component: string, path: string, folder: string): Promise<Served> {
  const script = await packageScript("@bytecodealliance/jco");
  const port = await freePort();
  const options = ["--host", "127.0.0.1", "--port", String(port), "--isolate-requests", "instance"];
  const child = spawn(process.execPath, [script, "serve", component, ...options], {
    stdio: "ignore",
    env: { ...process.env, TMPDIR: folder },
    // A group of its own: the server is a child of that process, and stays when only its parent is ended.
    detached: true,
  });
  const exit = once(child, "exit");
  const stop = () => {
    if (child.pid !== undefined && child.exitCode === null) process.kill(-child.pid, "SIGKILL");
  };
  taskSignal.addEventListener("abort", stop, { once: true });
  const dispose = async () => {
    taskSignal.removeEventListener("abort", stop);
    stop();
    await exit;
  };
  const url = `http://127.0.0.1:${port}`;
  try {
    await Promise.race([answer(url + path), exit.then(() => Promise.reject(new Error("jco serve ended.")))]);
  } catch (error) {
    await dispose();
    throw error;
  }
  return { url, [Symbol.asyncDispose]: dispose };
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, "close");
  return port;
}
