import { readFileSync, writeFileSync } from "node:fs";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import { componentEmbed, componentNew, parse, print } from "@bytecodealliance/jco-transpile/wasm-tools";
import { describe, expect, test } from "vitest";
import type { ServerSpec } from "../../provider/targets/local/control.ts";
import { componentOf, folder, guest, rules, serve } from "./localSupport.ts";

/** A service that was built against this version of WASI, and traps when it is called. */
async function builtFor(version: string): Promise<string> {
  const witSource = `
    package test:versions;
    package wasi:io@${version} { interface poll { resource pollable { block: func(); } } }
    package wasi:clocks@${version} {
      interface monotonic-clock {
        use wasi:io/poll@${version}.{pollable};
        subscribe-duration: func(when: u64) -> pollable;
      }
    }
    package wasi:cli@${version} {
      interface environment { get-environment: func() -> list<tuple<string, string>>; }
    }
    package wasi:http@${version} {
      interface types { resource incoming-request; resource response-outparam; }
      interface incoming-handler {
        use types.{incoming-request, response-outparam};
        handle: func(request: incoming-request, response-out: response-outparam);
      }
    }
    world service {
      import wasi:clocks/monotonic-clock@${version};
      import wasi:cli/environment@${version};
      export wasi:http/incoming-handler@${version};
    }`;
  const component = await componentNew(await componentEmbed({ witSource, dummy: true, world: "service" }));
  const path = join(folder(), "component.wasm");
  writeFileSync(path, component);
  return path;
}

/** The guest, importing by another name what it imports by `from`. */
async function withImport(name: string, from: string, to: string): Promise<ServerSpec["component"]> {
  const text = await print(new Uint8Array(readFileSync(guest(name).path)));
  expect(text).toContain(`(import "${from}"`);
  const path = join(folder(), "component.wasm");
  writeFileSync(path, await parse(text.replaceAll(from, to)));
  return componentOf(path);
}

test.for(["0.2.0", "0.2.6", "0.2.12"])(
  "components that were built for WASI %s are served",
  async (version) => {
    const { get } = await serve("versions", { component: componentOf(await builtFor(version)) });
    expect(await get("/", { expected: 500 })).toContain("the guest trapped");
  },
);

describe("requests", () => {
  test("a guest gets method, path, query, headers and body, and answers", async () => {
    const { get } = await serve("echo");
    const text = await get("/a/b?x=1&y=%20", { method: "PUT", body: "body", headers: { "x-own": "v" } });
    expect(text).toContain("PUT /a/b\n");
    expect(text).toContain("? x=1\n");
    expect(text).toContain("x-own: v\n");
    expect(text.endsWith("\n\nbody")).toBe(true);
  });

  test("bodies larger than what may be under way arrive whole, both ways", async () => {
    const { get } = await serve("echo");
    const body = "0123456789abcdef".repeat(100_000);
    expect((await get("/big?bytes=5000000")).length).toBe(5_000_000);
    expect((await get("/", { method: "POST", body })).endsWith(`\n\n${body}`)).toBe(true);
  });

  test("each request has an instance of its own", async () => {
    const { get } = await serve("echo");
    expect(await Promise.all([1, 2, 3, 4, 5, 6].map(() => get("/count")))).toEqual(Array(6).fill("1\n"));
  });

  test("bodies of requests that wait for a thread arrive", async () => {
    const limits = { memoryPages: 1024, requestTimeoutMs: 10_000, concurrency: 1 };
    const { get } = await serve("echo", { limits });
    const bodies = Array.from({ length: 20 }, (_, index) => `body ${index}`);
    const answers = await Promise.all(bodies.map((body) => get("/", { method: "POST", body })));
    for (const [index, answer] of answers.entries()) expect(answer.endsWith(`\n\nbody ${index}`)).toBe(true);
  });

  test("requests beyond the concurrency wait for their turn", async () => {
    const limits = { memoryPages: 1024, requestTimeoutMs: 20_000, concurrency: 2 };
    const { get } = await serve("echo", { limits });
    const all = await Promise.all(Array.from({ length: 20 }, () => get("/sleep?ms=20")));
    expect(all.every((text) => text.startsWith("slept "))).toBe(true);
  });

  test("an answer without a body, and one to HEAD", async () => {
    const { state } = await serve("echo");
    expect((await fetch(`${state.url}/status?code=204`)).status).toBe(204);
    const head = await fetch(state.url, { method: "HEAD" });
    expect([head.status, await head.text()]).toEqual([200, ""]);
  });
});

describe("a guest that misbehaves ends its request, not the server", () => {
  const limits = { memoryPages: 512, requestTimeoutMs: 1_000, concurrency: 2 };

  test.for([
    ["/trap", 500, "trapped"],
    ["/exit?code=0", 500, "exited with code 0"],
    ["/exit?code=1", 500, "exited with code 1"],
    ["/loop", 504, "longer than 1000 ms"],
    ["/sleep?ms=60000", 504, "longer than 1000 ms"],
    ["/memory", 500, "trapped"],
  ] as const)("%s", async ([path, expected, message]) => {
    const { get, state, log } = await serve("echo", { limits });
    expect(await get(path, { expected })).toContain(message);
    expect(await get("/count")).toBe("1\n");
    expect(log()).toContain(message);
    expect(await get("/count")).toBe("1\n");
    expect(state.pid).toBeGreaterThan(0);
  });

  test("an answer that was begun is cut, not ended", async () => {
    const { get, state } = await serve("echo", { limits });
    const cut = fetch(`${state.url}/half`).then((response) => response.text());
    await expect(cut).rejects.toThrow();
    expect(await get("/count")).toBe("1\n");
  });

  test("others are answered while one loops", async () => {
    const { get } = await serve("echo", { limits });
    const loop = get("/loop", { expected: 504 });
    expect(await get("/count")).toBe("1\n");
    await loop;
  });

  test("others are answered while as many loop as there are processors", async () => {
    const concurrency = availableParallelism() + 1;
    const { get } = await serve("echo", { limits: { ...limits, requestTimeoutMs: 5_000, concurrency } });
    const order: string[] = [];
    const loops = Array.from({ length: concurrency - 1 }, () =>
      get("/loop", { expected: 504 }).then(() => order.push("loop")),
    );
    await get("/count").then(() => order.push("count"));
    await Promise.all(loops);
    expect(order[0]).toBe("count");
  });

  test("guests that wait leave the processor to others, up to the concurrency", async () => {
    const concurrency = availableParallelism() * 2 + 2;
    const { get } = await serve("echo", { limits: { ...limits, requestTimeoutMs: 20_000, concurrency } });
    const order: string[] = [];
    const sleeps = Array.from({ length: concurrency - 1 }, () =>
      get("/sleep?ms=4000").then(() => order.push("sleep")),
    );
    await get("/count").then(() => order.push("count"));
    await Promise.all(sleeps);
    expect(order[0]).toBe("count");
  });

  test("memory is bounded by the limit, for each instance anew", async () => {
    const { get } = await serve("echo", { limits });
    expect(await get("/memory?mb=16")).toBe("16 MB\n");
    expect(await get("/memory?mb=40", { expected: 500 })).toContain("trapped");
    expect(await get("/memory?mb=16")).toBe("16 MB\n");
  });
});

describe("values", () => {
  test("only granted and bound environment values reach the guest", async () => {
    const { get } = await serve("echo", {
      rules: rules({ environment: ["GRANTED", "UNBOUND"] }),
      environment: { GRANTED: "yes", OTHER: "no" },
    });
    expect(await get("/env")).toBe("GRANTED=yes\n");
  });

  test("only granted and bound configuration values reach the guest", async () => {
    const { get } = await serve("config", {
      rules: rules({ config: ["granted", "unbound"] }),
      config: { granted: "yes", other: "no" },
    });
    expect(await get("/config")).toBe("granted=yes\n");
    expect(await get("/config?key=granted")).toBe("yes\n");
    await get("/config?key=other", { expected: 404 });
    await get("/config?key=unbound", { expected: 404 });
  });

  test.for([
    "wasi:config/store@0.2.0-draft",
    "wasi:config/store@0.2.0-draft-2024-09-27",
    "wasi:config/runtime@0.2.0-draft",
  ])("configuration values reach a guest that asks for them by %s", async (name) => {
    const { get } = await serve("config", {
      component: await withImport("config", "wasi:config/store@0.2.0-rc.1", name),
      rules: rules({ config: ["granted"] }),
      config: { granted: "yes", other: "no" },
    });
    expect(await get("/config")).toBe("granted=yes\n");
    expect(await get("/config?key=granted")).toBe("yes\n");
    await get("/config?key=other", { expected: 404 });
  });

  test("standard output and error go to the log, with time and stream", async () => {
    const { get, log } = await serve("echo");
    await get("/log?out=to-out&err=to-err");
    expect(log()).toMatch(/^\d{4}-\d\d-\d\dT[\d:.]+Z stdout to-out$/m);
    expect(log()).toMatch(/^\d{4}-\d\d-\d\dT[\d:.]+Z stderr to-err$/m);
  });
});

describe("what is not granted", () => {
  test("output that a grant narrows away goes nowhere", async () => {
    const { get, log } = await serve("echo", {
      rules: rules({ ambient: { clocks: true, random: true, stdio: false } }),
    });
    expect(await get("/log?out=to-out&err=to-err")).toBe("logged\n");
    expect(log()).not.toMatch(/to-out|to-err/);
  });

  test("clocks and random numbers that a grant narrows away trap, with a line in the log", async () => {
    const { get, log } = await serve("echo", {
      rules: rules({ ambient: { clocks: false, random: false, stdio: true } }),
    });
    expect(await get("/count")).toBe("1\n");
    await get("/clock", { expected: 500 });
    await get("/random", { expected: 500 });
    expect(log()).toContain("wasi:random/random getRandomBytes, which it is not granted");
    expect(log()).toContain("wasi:clocks/wall-clock now, which it is not granted");
  });

  test("an interface that the local target does not have links, and traps when it is called", async () => {
    const { get, log } = await serve("needs-kv");
    await get("/?token=t", { expected: 500 });
    expect(log()).toContain("acme:auth/check");
  });
});
