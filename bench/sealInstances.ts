/** What a seal adds to one instance: `wasmtime serve` makes one for each request, with its pooling allocator. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { TaskError, taskSignal } from "../tools/task.ts";
import type { Place } from "./compose.ts";
import type { Figure } from "./figures.ts";
import { interleave, median } from "./measure.ts";
import { addGuest, composeTo, granted, httpAndEnvironment } from "./sealModules.ts";

const rounds = 15;
const requestsInRound = 500;
const mostMicroseconds = 10;
const request = "GET / HTTP/1.1\r\nhost: localhost\r\n\r\n";
/** Of a handler that imports http, environment, files and sockets. */
const seals = {
  denied: { name: "all of its imports denied", grant: {}, atMost: mostMicroseconds },
  guarded: {
    name: "http and environment guarded, all else denied",
    grant: httpAndEnvironment,
    atMost: mostMicroseconds,
  },
  everything: {
    name: "http, environment, files and sockets guarded",
    grant: {
      ...httpAndEnvironment,
      filesystem: [{ path: "/data", access: "read", volume: "data" }],
      sockets: [{ host: "192.0.2.7", protocol: "tcp", ports: ["5432"] }],
    },
  },
};

export async function guardedInstances(place: Place, folder: string, wasmtime: string): Promise<Figure[]> {
  const modules = { main: await addGuest(place, "handler") };
  const file = (name: string) => join(folder, `handler-${name}.wasm`);
  await using servers = new AsyncDisposableStack();
  const start = async (path: string) => servers.use(await serve(wasmtime, path));
  const open = await start(await composeTo(file("open"), place, { modules }));
  const samples: Record<string, () => Promise<number>> = { open: () => open.microseconds() };
  for (const [key, { grant }] of Object.entries(seals)) {
    const server = await start(
      await composeTo(file(key), place, { modules, access: { main: granted(grant) } }),
    );
    samples[key] = () => server.microseconds();
  }
  const measured = await interleave(rounds, samples);
  const of = (key: string) => measured[key] ?? [];
  return Object.entries(seals).map(([key, { name, ...goal }]) => ({
    name: `An instance, ${name}`,
    value: median(of(key)) - median(of("open")),
    unit: "µs",
    against: "more than an unsealed one, by the time to answer a request",
    ...("atMost" in goal && { atMost: goal.atMost }),
    samples: { sealed: of(key), open: of("open") },
  }));
}

interface Server extends AsyncDisposable {
  /** From a request to its answer: the median of a round on one connection. */
  microseconds(): Promise<number>;
}

async function serve(wasmtime: string, path: string): Promise<Server> {
  const options = ["-O", "pooling-allocator=y", "-S", "cli,inherit-env", "--addr", "127.0.0.1:0"];
  const child = spawn(wasmtime, ["serve", ...options, path], {
    stdio: ["ignore", "ignore", "pipe"],
    signal: taskSignal,
  });
  child.on("error", () => {});
  const stop = async () => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    child.kill("SIGKILL");
    await once(child, "exit");
  };
  const said: string[] = [];
  for await (const line of createInterface(child.stderr)) {
    said.push(line);
    const port = /^Serving HTTP on http:\/\/127\.0\.0\.1:(\d+)/.exec(line)?.[1];
    if (port === undefined) continue;
    // What is said later would otherwise fill the pipe.
    child.stderr.resume();
    const socket = connect(Number(port), "127.0.0.1").setNoDelay();
    await once(socket, "connect");
    const dispose = async () => {
      socket.destroy();
      await stop();
    };
    return { microseconds: () => microseconds(socket), [Symbol.asyncDispose]: dispose };
  }
  throw new TaskError(`wasmtime serve ended before it listened.\n${said.join("\n")}`);
}

async function microseconds(socket: Socket): Promise<number> {
  const samples: number[] = [];
  for (let count = 0; count < requestsInRound; count++) {
    const answered = once(socket, "data", { signal: taskSignal });
    const started = performance.now();
    socket.write(request);
    const [answer] = await answered;
    samples.push((performance.now() - started) * 1000);
    if (!String(answer).startsWith("HTTP/1.1 204")) throw new TaskError(`The handler answered ${answer}`);
  }
  return median(samples);
}
