/** Apps of one stack call one another by name: `http://auth` is the App `auth`, wherever it listens. */
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import {
  remove,
  replace,
  runJob,
  type ServerSpec,
  start,
  stop,
} from "../../provider/targets/local/control.ts";
import { callingCommand } from "./callingCommand.ts";
import {
  componentOf,
  folder,
  get,
  guest,
  isAlive,
  marked,
  options,
  rules,
  specOf,
  until,
} from "./localSupport.ts";

const application = "stack-and-project";

/** Servers of one machine; all are gone after the test. */
function machine() {
  const where = options();
  const app = async (name: string, changes: Partial<ServerSpec>) => {
    const spec = specOf(name, { application, ...changes });
    onTestFinished(() => remove(spec.id, where));
    return { spec, state: await start(spec, where) };
  };
  return { where, app };
}

type Machine = ReturnType<typeof machine>;

const answering = (mark: string): Partial<ServerSpec> => ({ component: guest("echo"), ...marked(mark) });

/** An App that may call `auth`, as a function of what it asks. */
async function caller({ app }: Machine, calls = ["auth"]) {
  const { state } = await app("web", { component: guest("client"), rules: rules({ calls }) });
  return {
    fetch: (url: string, more = "") => get(`${state.url}/fetch?url=${encodeURIComponent(url)}${more}`),
    log: () => readFileSync(state.logFile, "utf8"),
  };
}

/** A server at this port, or at any that is free, and how many came to it. */
async function stranger(port = 0) {
  let came = 0;
  const server = createServer((_request, response) => response.end()).on("connection", () => came++);
  await new Promise<void>((resolve) => server.listen(port, "127.0.0.1", resolve));
  onTestFinished(() => server.closeAllConnections());
  onTestFinished(() => void server.close());
  return { port: (server.address() as AddressInfo).port, came: () => came, close: () => server.close() };
}

const mark = (text: string) => expect.stringContaining(`MARK=${text}`);
const noName = "error: DNS-error\n";
const notThere = "error: connection-refused\n";

test("an App reaches another one of its stack by name, with what it sends, on whatever port that listens", async () => {
  const here = machine();
  const auth = await here.app("auth", answering("first"));
  const web = await caller(here);
  expect(await web.fetch("http://auth/env")).toEqual(mark("first"));
  expect(await web.fetch("http://auth:80/env")).toEqual(mark("first"));
  const sent = await web.fetch("http://auth/echo", "&method=POST&body=hello");
  expect(sent).toContain("status: 200\n");
  expect(sent.endsWith("\n\nhello")).toBe(true);

  await stop(auth.state, here.where);
  const again = await start({ ...auth.spec, ...answering("second") }, here.where);
  expect(await web.fetch("http://auth/env")).toEqual(mark("second"));
  const { port, close } = await stranger();
  close();
  const moved = await replace(again, { ...auth.spec, ...answering("third"), port }, here.where);
  expect(moved).toMatchObject({ port, pid: again.pid });
  expect(await web.fetch("http://auth/env")).toEqual(mark("third"));
});

test("nothing else of its name is open, nor another App", async () => {
  const here = machine();
  const { state } = await here.app("auth", answering("auth"));
  await here.app("other", answering("other"));
  const web = await caller(here);
  const denied = [
    "https://auth/",
    "http://auth:8080/",
    `http://auth:${state.port}/`,
    `http://127.0.0.1:${state.port}/`,
    `http://localhost:${state.port}/`,
    "http://auth./",
    "http://AUTH/",
    "http://auth.evil.example/",
    "http://user@auth/",
    "http://auth@other/",
    "http://other/",
  ];
  for (const url of denied)
    expect([url, await web.fetch(url)]).toEqual([url, "error: HTTP-request-denied\n"]);
});

describe("nobody answers, and the log names the App,", () => {
  test("where there is none of this name in the stack, whoever else has it", async () => {
    const here = machine();
    await here.app("auth", { ...answering("another stack's"), application: "another stack" });
    const web = await caller(here);
    expect(await web.fetch("http://auth/")).toBe(noName);
    expect(web.log()).toContain("GET http://auth: no App auth of this stack runs on this machine");
  });

  test("where it was removed, and nothing is left of it", async () => {
    const here = machine();
    const { state, spec } = await here.app("auth", answering("auth"));
    await stop(state, here.where);
    expect(readdirSync(here.where.directory)).toEqual([]);
    const web = await caller(here);
    expect(await web.fetch("http://auth/")).toBe(noName);
    await start(spec, here.where);
    expect(await web.fetch("http://auth/env")).toEqual(mark("auth"));
  });

  test("where it was killed, whoever has its port now", async () => {
    const here = machine();
    const { state, spec } = await here.app("auth", answering("auth"));
    const web = await caller(here);
    process.kill(state.pid, "SIGKILL");
    await until(() => !isAlive(state.pid));
    const other = await stranger(state.port);
    expect(await web.fetch("http://auth/")).toBe(notThere);
    expect(web.log()).toContain("GET http://auth: the App auth does not run: `pulumi up` brings it back");
    expect(other.came()).toBe(0);
    await remove(spec.id, here.where);
    expect(await web.fetch("http://auth/")).toBe(noName);
    expect(readdirSync(here.where.directory)).toHaveLength(2);
  });

  test("where two have the name", async () => {
    const here = machine();
    for (const which of ["one", "two"]) await here.app("auth", answering(which));
    const web = await caller(here);
    expect(await web.fetch("http://auth/")).toBe(noName);
    expect(web.log()).toContain("GET http://auth: 2 Apps of this stack are called auth");
  });
});

test("an App calls itself, where a grant says so", async () => {
  const here = machine();
  const web = await caller(here, ["web"]);
  expect(await web.fetch("http://web/fetch?url=http%3A%2F%2Fother%2F")).toContain(
    "error: HTTP-request-denied",
  );
});

test("a job calls an App as well", async () => {
  const here = machine();
  const { state } = await here.app("auth", answering("auth"));
  const path = join(folder(), "command.wasm");
  writeFileSync(path, await callingCommand());
  const asks = { component: componentOf(path), application, rules: rules({ calls: ["auth"] }) };
  const spec = { ...specOf("job", asks), run: "job" as const };
  onTestFinished(() => remove(spec.id, here.where));
  expect(await runJob(spec, here.where)).toMatchObject({ exitCode: 0 });
  await stop(state, here.where);
  const { exitCode, lastLines } = await runJob(spec, here.where);
  expect(exitCode).toBe(1);
  expect(lastLines.join("\n")).toContain("GET http://auth: no App auth of this stack runs on this machine");
});
