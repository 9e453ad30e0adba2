import { setTimeout as delay } from "node:timers/promises";
import * as z from "zod";
import { TaskError, taskSignal } from "../tools/task.ts";
import { run } from "../tools/toolchain/process.ts";
import { packageScript } from "./packages.ts";

const limitMs = 120_000;
const pauseMs = 5;

/** Asks until there is an answer that is `wanted`; resolves to its text. */
export async function answer(url: string, wanted = (_text: string) => true): Promise<string> {
  const signal = AbortSignal.any([taskSignal, AbortSignal.timeout(limitMs)]);
  for (;;) {
    const text = await fetch(url, { signal, headers: { connection: "close" } }).then(
      async (response) => (response.ok ? await response.text() : undefined),
      () => undefined,
    );
    if (text !== undefined && wanted(text)) return text;
    await delay(pauseMs, undefined, { signal });
  }
}

const reportSchema = z.object({
  "2xx": z.number(),
  non2xx: z.number(),
  errors: z.number(),
  duration: z.number(),
});

/** Requests per second that a server answers, by a generator in a process of its own. */
export async function requestRate(url: string, connections: number, seconds: number): Promise<number> {
  const script = await packageScript("autocannon");
  const options = ["--json", "--no-progress", "-c", String(connections), "-d", String(seconds)];
  const { code, stdout, errors } = await run(process.execPath, [script, ...options, url], {
    signal: taskSignal,
  });
  if (code !== 0) throw new TaskError(`autocannon failed.\n${errors.join("\n")}`);
  const report = reportSchema.parse(JSON.parse(stdout));
  if (report.non2xx + report.errors > 0)
    throw new TaskError(`${report.non2xx + report.errors} requests of ${url} failed.`);
  return report["2xx"] / report.duration;
}
