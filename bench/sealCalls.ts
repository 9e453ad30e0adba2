/** What a guard adds to one call, in Wasmtime: the guest reads the clock itself. */
import { join } from "node:path";
import { TaskError, taskSignal } from "../tools/task.ts";
import { run } from "../tools/toolchain/process.ts";
import type { Place } from "./compose.ts";
import type { Figure } from "./figures.ts";
import { interleave, median } from "./measure.ts";
import { addGuest, composeTo, granted, httpAndEnvironment } from "./sealModules.ts";

const runs = 7;
/** Rounds of so few calls that most of them are not interrupted; the median tells. */
const rounds = { count: 1000, calls: 50 };
const mostMicroseconds = 2;
const calls = { http: "A guarded http call", environment: "A guarded read of the environment" };
/** The guest's own key, its key behind a guard, and what else an environment has. */
const environment = {
  GREETING: "hello",
  CALLER__GREETING: "hello",
  HOME: "/home/guest",
  LANG: "C.UTF-8",
  PATH: "/usr/local/bin:/usr/bin:/bin",
  TERM: "xterm",
};

export async function guardedCalls(place: Place, folder: string, wasmtime: string): Promise<Figure[]> {
  const spec = {
    modules: { caller: await addGuest(place, "caller"), answerer: await addGuest(place, "answerer") },
    // A sibling answers at once: what a network adds would hide what a guard does.
    links: [{ from: "caller", import: "wasi:http/outgoing-handler", to: "answerer" }],
  };
  const access = { caller: granted(httpAndEnvironment) };
  const open = await composeTo(join(folder, "calls.wasm"), place, spec);
  const guarded = await composeTo(join(folder, "guarded-calls.wasm"), place, { ...spec, access });
  const figures: Figure[] = [];
  for (const [what, name] of Object.entries(calls)) {
    const samples = await interleave(runs, {
      guarded: () => microseconds(wasmtime, guarded, what),
      open: () => microseconds(wasmtime, open, what),
    });
    const without = median(samples.open);
    figures.push({
      name,
      value: median(samples.guarded) - without,
      unit: "µs",
      against: `more than the ${without.toPrecision(3)} µs of an unguarded one`,
      atMost: mostMicroseconds,
      samples,
    });
  }
  return figures;
}

/** Of one call: the median of the rounds of one process. */
async function microseconds(wasmtime: string, file: string, what: string): Promise<number> {
  const variables = Object.entries(environment).flatMap(([key, value]) => ["--env", `${key}=${value}`]);
  const command = ["run", "-S", "cli,http", ...variables, file, what, rounds.count, rounds.calls];
  const { code, stdout, errors } = await run(wasmtime, command.map(String), { signal: taskSignal });
  if (code !== 0) throw new TaskError(`Wasmtime failed.\n${errors.join("\n")}`);
  return median(stdout.trim().split("\n").map(Number)) / 1000;
}
