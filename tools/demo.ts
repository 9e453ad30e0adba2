/**
 * Runs the quickstart: `pulumi up` of examples/quickstart with the plugin of this checkout, then calls the module.
 *
 *   npm run demo                              creates or updates the demo's stack
 *   npm run demo -- --greeting "the moon"     the same, with another greeting
 *   npm run demo -- --destroy                 removes the stack and all that the demo keeps
 *
 * The module stays up afterwards; the two servers that it calls end with the demo.
 */
import { existsSync } from "node:fs";
import { join, relative } from "node:path";
import { parseArgs } from "node:util";
import * as z from "zod";
import { buildPlugin } from "./build/plugin.ts";
import { demoFolder, Engine, program, settings } from "./demo/engine.ts";
import { linkSdk } from "./demo/sdk.ts";
import { type DemoServers, startServers } from "./demo/servers.ts";
import { withLock } from "./lock.mjs";
import { root } from "./repository.ts";
import { runTask, TaskError, taskSignal } from "./task.ts";
import { tool } from "./toolchain/index.ts";

const answerLimitMs = 30_000;

const outputsSchema = z.object({ url: z.url(), report: z.unknown() });

interface Answer {
  status: number;
  text: string;
}

await runTask(async () => {
  const { values } = parseArgs({
    options: { destroy: { type: "boolean", default: false }, greeting: { type: "string" } },
  });
  const onWait = (pid: number) => say(`Waiting for process ${pid}, which runs the demo`);
  const work = () => (values.destroy ? destroy() : demonstrate(values.greeting));
  await withLock(`${demoFolder}.lock`, work, { signal: taskSignal, onWait });
});

async function demonstrate(greeting: string | undefined): Promise<void> {
  say("Building the plugin and the Node SDK");
  await buildPlugin();
  await linkSdk();
  say("Getting the Pulumi engine and its language host");
  const engine = await Engine.open();
  await using servers = await startServers(join(demoFolder, "ports.json"));
  const { allowedUrl, deniedUrl } = servers;
  await engine.configure({ allowedUrl, deniedUrl, ...(greeting !== undefined && { greeting }) });
  say(`pulumi up of ${relative(root, program)}`);
  await engine.up();
  const { url, report } = outputsSchema.parse(await engine.outputs());
  say("What was created");
  for (const { type, name } of await engine.resources()) print(`${type.padEnd(28)} ${name}`);
  await showAnswers(url, servers);
  say("What the module may do");
  print(typeof report === "string" ? report : JSON.stringify(report, undefined, 2));
  await showCommands(url);
}

/** Calls the module, prints what it says, and fails where the grants do not hold. */
async function showAnswers(url: string, servers: DemoServers): Promise<void> {
  say(`The answers of ${url}`);
  const greeting = await ask(url, "/");
  const allowed = await ask(url, "/allowed");
  const denied = await ask(url, "/denied");
  const expected = greeting.status === 200 && allowed.status === 200 && denied.status === 403;
  if (!expected || servers.deniedRequests() > 0) {
    throw new TaskError("These are not the answers that the grants should give.");
  }
}

async function ask(url: string, path: string): Promise<Answer> {
  const signal = AbortSignal.any([taskSignal, AbortSignal.timeout(answerLimitMs)]);
  const response = await fetch(new URL(path, url), { signal });
  const answer = { status: response.status, text: (await response.text()).trim() };
  print(`GET ${path.padEnd(9)} ${answer.status} ${answer.text}`);
  return answer;
}

async function showCommands(url: string): Promise<void> {
  say("The module stays up; the two servers that it called end now, and its calls with them. Next:");
  print(`curl ${url}`);
  print(
    'npm run demo -- --greeting "the moon"    change a value (or edit examples/quickstart/index.ts first)',
  );
  print("npm run demo -- --destroy                remove all of it");
  say("The same with Pulumi itself:");
  print(`cd ${relative(process.cwd(), program) || "."}`);
  const variables = Object.entries(settings).map(([key, value]) => `${key}='${value}'`);
  print(`export ${variables.join(" ")}`);
  const pulumi = await tool("pulumi");
  print(`${pulumi} stack --stack demo`);
}

async function destroy(): Promise<void> {
  if (!existsSync(demoFolder)) return say("There is no demo to destroy");
  await buildPlugin();
  await linkSdk();
  const engine = await Engine.open();
  // An interrupted demo may have left no URL.
  const url = outputsSchema.safeParse(await engine.outputs()).data?.url;
  await engine.destroy();
  if (url !== undefined && (await answers(url))) throw new TaskError(`Something still answers at ${url}.`);
  say("Nothing of the demo is left");
}

async function answers(url: string): Promise<boolean> {
  return fetch(url, { signal: AbortSignal.timeout(answerLimitMs) }).then(
    () => true,
    () => false,
  );
}

function say(text: string): void {
  console.log(`\n${text}`);
}

function print(text: string): void {
  console.log(`  ${text.replaceAll("\n", "\n  ")}`);
}
