import { existsSync, readdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { get as httpGet } from "node:http";
import { type AddressInfo, createServer } from "node:net";
import { join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import {
  probe,
  remove,
  replace,
  type ServerSpec,
  start,
  stop,
} from "../../provider/targets/local/control.ts";
import {
  childrenOf,
  componentOf,
  folder,
  get,
  guest,
  isAlive,
  marked,
  options,
  processesOf,
  rules,
  serve,
  specOf,
  startElsewhere,
  until,
} from "./localSupport.ts";

/** Asks again and again, on connections that are kept and on new ones, until it is stopped. */
function hammer(url: string) {
  const answers = new Set<string>();
  const failures: string[] = [];
  let count = 0;
  let running = true;
  const kept = async () => {
    while (running) {
      await get(url).then(
        (text) => answers.add(text),
        (error) => failures.push(String(error.cause ?? error)),
      );
      count++;
    }
  };
  const fresh = async () => {
    while (running) {
      await new Promise<void>((resolve) => {
        const request = httpGet(url, { agent: false }, (response) => response.resume().on("close", resolve));
        request.on("error", (error) => {
          failures.push(String(error));
          resolve();
        });
      });
      count++;
    }
  };
  const all = Promise.all([kept(), kept(), fresh()]);
  return {
    answers,
    failures,
    count: () => count,
    stop: async () => {
      running = false;
      await all;
    },
  };
}

describe("an update", () => {
  test("loses no request, refuses no connection, and keeps address and process", async () => {
    const { state, spec, options } = await serve("echo", marked("0"));
    const clients = hammer(`${state.url}/env`);
    const slow = get(`${state.url}/sleep?ms=1500`);
    let current = state;
    for (const mark of ["1", "2", "3"]) {
      const before = clients.count();
      current = await replace(current, { ...spec, ...marked(mark) }, options);
      await until(() => clients.answers.has(`MARK=${mark}\n`) && clients.count() > before + 20);
    }
    expect(await slow).toContain("slept");
    await clients.stop();
    expect(clients.failures).toEqual([]);
    expect([...clients.answers].sort()).toEqual(["MARK=0\n", "MARK=1\n", "MARK=2\n", "MARK=3\n"]);
    expect(current).toEqual(state);
    // The former versions' processes and files go once their last answers are out.
    await until(async () => (await childrenOf(state.pid)).length === 1);
    const codes = () => readdirSync(join(state.logFile, "..")).filter((name) => name.startsWith("code-"));
    await until(() => codes().length === 1);
  });

  test("to a version that does not come up fails, says why, and leaves the former one serving", async () => {
    const { state, spec, options, get } = await serve("echo", marked("0"));
    const plain = replace(state, { ...spec, component: guest("plain") }, options);
    await expect(plain).rejects.toThrow("does not export wasi:http/incoming-handler");
    const damaged = join(folder(), "damaged.wasm");
    writeFileSync(damaged, readFileSync(guest("echo").path).subarray(0, 5000));
    await expect(replace(state, { ...spec, component: componentOf(damaged) }, options)).rejects.toThrow(
      "could not be compiled",
    );
    expect(await get("/env")).toBe("MARK=0\n");
    expect(await probe(state)).toMatchObject({ status: "running", ready: true, digest: state.digest });
    await until(async () => (await childrenOf(state.pid)).length === 1);
  });

  test("to another port moves, and the former port is free", async () => {
    const { state, spec, options } = await serve("echo");
    const port = await freePort();
    const moved = await replace(state, { ...spec, port }, options);
    expect(moved.url).toBe(`http://127.0.0.1:${port}`);
    expect(await get(`${moved.url}/count`)).toBe("1\n");
    await expect(fetch(state.url)).rejects.toThrow();
  });
});

async function freePort(): Promise<number> {
  const server = createServer();
  const port = await new Promise<number>((resolve) => {
    server.listen(0, "127.0.0.1", () => resolve((server.address() as AddressInfo).port));
  });
  await new Promise((resolve) => server.close(resolve));
  return port;
}

describe("a process that is killed", () => {
  test("the guest's: its requests fail, it is started again, and the server stays", async () => {
    const { state, get } = await serve("echo");
    const [host = 0] = await childrenOf(state.pid);
    const pending = get("/sleep?ms=10000", { expected: 502 });
    await until(async () => (await fetch(`${state.url}/count`)).ok);
    process.kill(host, "SIGKILL");
    expect(await pending).toContain("process ended");
    expect(await get("/count")).toBe("1\n");
    expect(await probe(state)).toMatchObject({ status: "running", restarts: 1 });
    expect(isAlive(host)).toBe(false);
  });

  test("the supervisor: it is seen as dead, leaves no child behind, and comes back on its port", async () => {
    const { state, spec, options } = await serve("echo", marked("0"));
    const children = await childrenOf(state.pid);
    expect(children.length).toBe(1);
    process.kill(state.pid, "SIGKILL");
    await until(async () => (await probe(state)).status === "dead");
    await until(() => !children.some(isAlive));
    const again = await replace(state, { ...spec, ...marked("1") }, options);
    expect(again.port).toBe(state.port);
    expect(again.nonce).not.toBe(state.nonce);
    expect(await get(`${again.url}/env`)).toBe("MARK=1\n");
    // The former state speaks of a process that is gone.
    expect(await probe(state)).toMatchObject({ status: "dead" });
  });

  test("stopping what is dead already removes what is left", async () => {
    const { state, options } = await serve("echo");
    process.kill(state.pid, "SIGKILL");
    await until(async () => (await probe(state)).status === "dead");
    await stop(state, options);
    expect(readdirSync(options.directory)).toEqual([]);
    await stop(state, options);
  });
});

describe("a provider that is killed while it starts a server", () => {
  test("before the server answered: the server ends by itself", async () => {
    const where = options();
    // It never answers, for it is never ready: a start that can only end by being given up.
    const spec = specOf("echo");
    const child = startElsewhere(spec, where);
    child.stdout?.on("data", (text) => String(text).includes("Starting") && child.kill("SIGKILL"));
    await until(() => child.signalCode === "SIGKILL");
    await until(async () => (await processesOf(where.directory)).length === 0);
  });

  test("at any moment: the next delete with its id leaves nothing", async () => {
    for (const delay of [150, 250, 350, 450, 600]) {
      const where = options();
      const spec = specOf("echo");
      const child = startElsewhere(spec, where);
      await new Promise((resolve) => setTimeout(resolve, delay));
      child.kill("SIGKILL");
      await until(() => child.signalCode ?? child.exitCode !== null);
      await remove(spec.id, where);
      await until(async () => (await processesOf(where.directory)).length === 0);
      expect(existsSync(where.directory) ? readdirSync(where.directory) : []).toEqual([]);
    }
  });

  test("after it: the next start with its id takes the server over", async () => {
    const where = options();
    const spec = specOf("echo", marked("0"));
    onTestFinished(() => remove(spec.id, where));
    const child = startElsewhere(spec, where);
    await until(() => child.exitCode !== null);
    const [pid] = await processesOf(where.directory);
    const state = await start({ ...spec, ...marked("1") }, where);
    expect(await get(`${state.url}/env`)).toBe("MARK=1\n");
    expect(await processesOf(where.directory)).toContain(pid);
    expect(state.pid).toBeGreaterThan(0);
  });
});

test("two starts with the same id at once end with one server", async () => {
  const where = options();
  const spec = specOf("echo");
  onTestFinished(() => remove(spec.id, where));
  const children = [1, 2, 3].map(() => startElsewhere(spec, where));
  const said = children.map((child) => {
    let text = "";
    child.stdout?.on("data", (chunk) => {
      text += chunk;
    });
    return () => text;
  });
  await until(() => children.every((child) => child.exitCode !== null));
  const states = said.map((text) => JSON.parse(/^started (.*)$/m.exec(text())?.[1] ?? "null"));
  expect(new Set(states.map((state) => state.nonce)).size).toBe(1);
  expect(await probe(states[0])).toMatchObject({ status: "running", ready: true });
  const supervisors = (await processesOf(where.directory)).filter((pid) =>
    readFileSync(`/proc/${pid}/cmdline`, "utf8").includes("supervisor.js"),
  );
  expect(supervisors).toEqual([states[0].pid]);
});

describe("the address", () => {
  test("a port in use is an error that names it, and nothing is left", async () => {
    const taken = createServer();
    const port = await new Promise<number>((resolve) => {
      taken.listen(0, "127.0.0.1", () => resolve((taken.address() as AddressInfo).port));
    });
    onTestFinished(() => void taken.close());
    const where = options();
    const failure = await start(specOf("echo", { port }), where).catch((error) => error);
    expect(failure).toMatchObject({
      property: "port",
      message: expect.stringContaining(`Port ${port} of 127.0.0.1`),
    });
    await until(async () => (await processesOf(where.directory)).length === 0);
    expect(readdirSync(where.directory)).toEqual([]);
  });

  test("only 127.0.0.1 is listened on", async () => {
    const { state } = await serve("echo");
    await expect(fetch(`http://[::1]:${state.port}`)).rejects.toThrow();
    await expect(fetch(`http://127.0.0.2:${state.port}`)).rejects.toThrow();
  });
});

describe("state", () => {
  test("another machine's server is left alone", async () => {
    const { state, options, spec } = await serve("echo");
    const foreign = { ...state, machineId: "0".repeat(32), hostName: "elsewhere" };
    expect(await probe(foreign)).toEqual({ status: "elsewhere", hostName: "elsewhere" });
    await expect(stop(foreign, options)).rejects.toThrow("elsewhere");
    await expect(replace(foreign, spec, options)).rejects.toThrow("elsewhere");
    expect(await probe(state)).toMatchObject({ status: "running" });
  });

  test("stop ends every process and removes every file", async () => {
    const { state, options } = await serve("echo");
    const pids = [state.pid, ...(await childrenOf(state.pid))];
    await stop(state, options);
    await until(() => !pids.some(isAlive));
    expect(readdirSync(options.directory)).toEqual([]);
    await expect(fetch(state.url)).rejects.toThrow();
    expect(await probe(state)).toMatchObject({ status: "dead" });
  });

  test("the state of a server that was replaced by another one stops nothing", async () => {
    const { state, options } = await serve("echo");
    await stop({ ...state, nonce: "another" }, options);
    expect(await probe(state)).toMatchObject({ status: "running" });
  });
});

test("secret values are in no command line, environment, file or log", async () => {
  const secret = "s3cret-value-of-the-test";
  const changes: Partial<ServerSpec> = {
    rules: rules({ environment: ["SECRET"], config: ["secret"] }),
    environment: { SECRET: secret },
    config: { secret },
  };
  const { state, options, get } = await serve("echo", changes);
  expect(await get("/env")).toBe(`SECRET=${secret}\n`);
  await get("/trap", { expected: 500 });
  const pids = [state.pid, ...(await childrenOf(state.pid))];
  expect(pids.length).toBe(2);
  for (const pid of pids) {
    for (const file of ["cmdline", "environ"]) {
      expect(readFileSync(`/proc/${pid}/${file}`, "utf8")).not.toContain(secret);
    }
    // Nothing of the provider's own environment either.
    expect(readFileSync(`/proc/${pid}/environ`, "utf8")).not.toContain("PATH=");
  }
  expect(filesBelow(options.directory).length).toBeGreaterThan(1);
  for (const file of filesBelow(options.directory)) expect(readFileSync(file, "utf8")).not.toContain(secret);
  expect(JSON.stringify(state)).not.toContain(secret);
});

function filesBelow(path: string): string[] {
  return readdirSync(path, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));
}

test("the instance's folder is this user's alone", async () => {
  const { state } = await serve("echo");
  expect(statSync(join(state.logFile, "..")).mode & 0o077).toBe(0);
  expect(statSync(join(state.controlSocket, "..")).mode & 0o077).toBe(0);
  expect(statSync(state.logFile).mode & 0o077).toBe(0);
});

test("folders behind symbolic links serve all the same", async () => {
  const where = options({ cacheDirectory: folder() });
  const links = folder();
  for (const [name, target] of [
    ["state", where.directory],
    ["cache", where.cacheDirectory],
  ] as const) {
    symlinkSync(target, join(links, name));
  }
  const linked = { directory: join(links, "state", "below"), cacheDirectory: join(links, "cache", "below") };
  const spec = specOf("echo");
  onTestFinished(() => remove(spec.id, linked));
  const state = await start(spec, linked);
  expect(await get(`${state.url}/count`)).toBe("1\n");
});

test("a folder whose path is too long for a socket serves all the same", async () => {
  const where = options();
  const directory = join(where.directory, "long-".repeat(30));
  const spec = specOf("echo");
  const state = await start(spec, { ...where, directory });
  onTestFinished(() => remove(spec.id, { ...where, directory }));
  expect(await get(`${state.url}/count`)).toBe("1\n");
  await stop(state, { ...where, directory });
  expect(existsSync(state.controlSocket)).toBe(false);
});
