/** A start that is given up leaves nothing, whatever the moment, and touches nothing that another run owns. */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { mkdir, writeFile } from "node:fs/promises";
import { createConnection } from "node:net";
import { join } from "node:path";
import { describe, expect, onTestFinished, test, vi } from "vitest";
import { claim } from "../../provider/targets/local/claim.ts";
import {
  type LocalOptions,
  probe,
  remove,
  runJob,
  type ServerSpec,
  type ServerState,
  start,
} from "../../provider/targets/local/control.ts";
import { ANSWER_MS, ControlClient } from "../../provider/targets/local/controlClient.ts";
import type { Deployment } from "../../provider/targets/local/controlProtocol.ts";
import { guestOf } from "../../provider/targets/local/guest.ts";
import { instanceOf } from "../../provider/targets/local/instance.ts";
import { TRANSPILER_VERSION, transpiled } from "../../provider/targets/local/transpiled.ts";
import {
  folder,
  get,
  guest,
  isAlive,
  marked,
  options,
  processesOf,
  serve,
  specOf,
  startElsewhere,
  until,
} from "./localSupport.ts";

/** Holds a process at the point where it is; it goes on, if it still is there, with what this returns. */
function hold(pid: number): () => void {
  const goOn = () => {
    if (isAlive(pid)) process.kill(pid, "SIGCONT");
  };
  onTestFinished(goOn);
  process.kill(pid, "SIGSTOP");
  return goOn;
}

async function supervisorOf({ directory }: LocalOptions): Promise<number> {
  const find = async () =>
    (await processesOf(directory)).find((pid) =>
      readFileSync(`/proc/${pid}/cmdline`, "utf8").includes("supervisor.js"),
    );
  await until(find);
  return (await find()) ?? 0;
}

/** What lies in the folders of the instances below `directory`. */
function filesOf({ directory }: LocalOptions): string[] {
  if (!existsSync(directory)) return [];
  return readdirSync(directory).flatMap((instance) => readdirSync(join(directory, instance)));
}

/** A component that is never ready: what was made of it waits for ever when it is instantiated. */
async function stuck(where: LocalOptions): Promise<ServerSpec["component"]> {
  const component = guest("config");
  const code = join(
    where.cacheDirectory,
    "transpiled",
    `${component.digest.slice("sha256:".length)}-${TRANSPILER_VERSION}`,
  );
  await mkdir(code, { recursive: true });
  const wait = "Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0)";
  await writeFile(join(code, "component.js"), `export function instantiate() { ${wait}; }\n`);
  await writeFile(join(code, "package.json"), '{"type":"module"}\n');
  return component;
}

const isLoading = (where: LocalOptions) => filesOf(where).some((name) => name.startsWith("code-"));

const turnOfTheLoop = () => new Promise((resolve) => setImmediate(resolve));

describe("a start that is cancelled has left nothing when it ends", () => {
  const moments: [string, (where: LocalOptions) => boolean][] = [
    ["its process begins", (where) => filesOf(where).includes("server.log")],
    ["its process can be found", (where) => filesOf(where).includes("control.sock")],
    ["its guest is loaded", isLoading],
  ];

  test.each(moments)("when %s", async (_moment, isReached) => {
    const cancel = new AbortController();
    const where = options({ signal: cancel.signal, cacheDirectory: folder() });
    const starting = start(specOf("config", { component: await stuck(where) }), where);
    starting.catch(() => {});
    await until(() => isReached(where));
    const goOn = hold(await supervisorOf(where));
    cancel.abort();
    await turnOfTheLoop();
    goOn();
    await expect(starting).rejects.toThrow(/abort/i);
    expect(readdirSync(where.directory)).toEqual([]);
    await until(async () => (await processesOf(where.directory)).length === 0);
  });

  test("before its process begins", async () => {
    const cancel = new AbortController();
    const log = (text: string) => text.startsWith("Starting") && cancel.abort();
    const where = options({ signal: cancel.signal, log });
    await expect(start(specOf("echo"), where)).rejects.toThrow(/abort/i);
    expect(readdirSync(where.directory)).toEqual([]);
  });

  test("while its guest does not answer, without waiting for it", async () => {
    const cancel = new AbortController();
    const where = options({ signal: cancel.signal, cacheDirectory: folder() });
    const starting = start(specOf("config", { component: await stuck(where) }), where);
    starting.catch(() => {});
    await until(() => isLoading(where));
    cancel.abort();
    await expect(starting).rejects.toThrow(/abort/i);
    expect(readdirSync(where.directory)).toEqual([]);
    await until(async () => (await processesOf(where.directory)).length === 0);
  }, 20_000);

  test("while the component is compiled, with the signal's own reason", async () => {
    const cancel = new AbortController();
    const reason = new DOMException("too late", "TimeoutError");
    const where = options({
      signal: cancel.signal,
      cacheDirectory: folder(),
      log: (text) => text.startsWith("Compiling") && cancel.abort(reason),
    });
    await expect(start(specOf("echo"), where)).rejects.toBe(reason);
    expect(readdirSync(where.directory)).toEqual([]);
    expect(readdirSync(join(where.cacheDirectory, "transpiled"))).toEqual([]);
  });

  test("a job, too", async () => {
    const cancel = new AbortController();
    const where = options({ signal: cancel.signal, cacheDirectory: folder() });
    const component = await stuck(where);
    const running = runJob({ ...specOf("config"), component, run: "job" }, where);
    running.catch(() => {});
    await until(() => filesOf(where).includes("job.log"));
    cancel.abort();
    await expect(running).rejects.toThrow(/abort/i);
    expect(readdirSync(where.directory)).toEqual([]);
  });
});

test("a start that can no longer be taken back is not cancelled", async () => {
  const cancel = new AbortController();
  const where = options({ signal: cancel.signal });
  const { directory, cacheDirectory } = where;
  const spec = specOf("echo");
  onTestFinished(() => remove(spec.id, { directory, cacheDirectory }));
  const { ask } = ControlClient.prototype;
  const spy = vi.spyOn(ControlClient.prototype, "ask").mockImplementation(function (
    this: ControlClient,
    ...asked
  ) {
    const answer = ask.apply(this, asked);
    if (asked[0].op === "commit") cancel.abort();
    return answer;
  });
  onTestFinished(() => spy.mockRestore());
  const state = await start(spec, where);
  expect(await probe(state)).toMatchObject({ status: "running" });
});

test("a provider that is killed while its server's process begins leaves nothing", async () => {
  const where = options({ cacheDirectory: folder() });
  const child = startElsewhere(specOf("config", { component: await stuck(where) }), where);
  await until(() => filesOf(where).includes("server.log"));
  const goOn = hold(await supervisorOf(where));
  child.kill("SIGKILL");
  await until(() => child.signalCode === "SIGKILL");
  goOn();
  await until(async () => (await processesOf(where.directory)).length === 0);
  expect(filesOf(where)).toEqual([]);
}, 20_000);

test("a server that ends by itself while it is removed is removed", async () => {
  const where = options();
  const instance = instanceOf(where.directory, "ending");
  let spokenTo = 0;
  const held = await claim(instance, (socket) => {
    socket.destroy();
    if (++spokenTo === 2) held?.remove();
  });
  await remove("ending", where);
  expect([spokenTo, filesOf(where)]).toEqual([2, []]);
});

describe("a server that runs", () => {
  test("stays when somebody goes away without waiting for its answer", async () => {
    const { state, options } = await serve("echo");
    const goOn = hold(state.pid);
    const socket = createConnection(state.controlSocket);
    await new Promise<void>((resolve) => {
      socket.write('{"op":"hello"}\n'.repeat(100), () => resolve());
    });
    socket.destroy();
    await turnOfTheLoop();
    goOn();
    expect(await probe(state)).toMatchObject({ status: "running", restarts: 0 });
    expect(await supervisorOf(options)).toBe(state.pid);
  });

  test("stays, with its folder, when a new version's start is cancelled", async () => {
    const { state, spec, options, get } = await serve("echo", marked("0"));
    const before = filesOf(options);
    const cancel = new AbortController();
    const log = (text: string) => text.startsWith("Starting") && cancel.abort();
    const next = start({ ...spec, ...marked("1") }, { ...options, signal: cancel.signal, log });
    await expect(next).rejects.toThrow(/abort/i);
    expect(await get("/env")).toBe("MARK=0\n");
    expect(filesOf(options)).toEqual(before);
    expect(await probe(state)).toMatchObject({ status: "running", restarts: 0 });
  });
});

describe("two starts of one id", () => {
  test("the one that waits goes on when the other is given up", async () => {
    const cancel = new AbortController();
    const where = options({ cacheDirectory: folder() });
    const spec = specOf("echo", marked("1"));
    onTestFinished(() => remove(spec.id, where));
    const component = await stuck(where);
    await transpiled(spec.component, where);
    const first = start({ ...spec, component }, { ...where, signal: cancel.signal });
    first.catch(() => {});
    await until(() => isLoading(where));
    const second = start(spec, where);
    await until(() => connectionsBelow(where) > 1);
    cancel.abort();
    await expect(first).rejects.toThrow(/abort/i);
    const state = await second;
    expect(await get(`${state.url}/env`)).toBe("MARK=1\n");
  }, 20_000);

  test("what one has prepared is not taken back when one that waits is given up", async () => {
    const { state, spec, options, get } = await serve("echo", marked("0"));
    const first = await connected(state);
    const second = await connected(state);
    const deployment = async (mark: string) => deploymentOf({ ...spec, ...marked(mark) }, options);
    await first.ask({ op: "prepare", deployment: await deployment("1") }, ANSWER_MS);
    await expect(second.ask({ op: "commit" }, ANSWER_MS)).rejects.toThrow("nothing is prepared");
    const cancel = new AbortController();
    const waiting = second.ask(
      { op: "prepare", deployment: await deployment("2") },
      ANSWER_MS,
      cancel.signal,
    );
    cancel.abort();
    await expect(waiting).rejects.toThrow(/abort/i);
    // By its answer the server has seen the other one go.
    await probe(state);
    await first.ask({ op: "commit" }, ANSWER_MS);
    expect(await get("/env")).toBe("MARK=1\n");
  });
});

/** How many connections the control socket below `directory` has. */
function connectionsBelow({ directory }: LocalOptions): number {
  const lines = readFileSync("/proc/net/unix", "utf8").split("\n");
  // A connection has the path of the socket that took it, and the state "connected".
  return lines.filter((line) => line.includes(directory) && / 0001 03 /.test(line)).length;
}

async function connected(state: ServerState): Promise<ControlClient> {
  const client = await ControlClient.connect(state.controlSocket);
  if (!client) throw new Error("nobody listens");
  onTestFinished(() => client.close());
  await client.ask({ op: "hello" }, ANSWER_MS);
  return client;
}

async function deploymentOf(spec: ServerSpec, where: LocalOptions): Promise<Deployment> {
  return {
    id: spec.id,
    name: spec.name,
    digest: spec.component.digest,
    code: await transpiled(spec.component, where),
    memoryPages: spec.limits.memoryPages,
    preopens: [],
    guest: guestOf(spec),
    startTimeoutMs: 20_000,
  };
}
