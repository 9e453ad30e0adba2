// Runs the tests: all tiers, or those that are named. Other arguments go to vitest:
//   npm test                                   everything
//   npm test -- engine                         one tier
//   npm test -- test/unit/toolchain.test.ts    one file
// The last line is `N passed, N failed`, with `, N skipped` when there are any.
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as z from "zod";
import { buildPlugin } from "./build/plugin.ts";
import { inRepository, root } from "./repository.ts";
import { compileNodeSdk } from "./sdk/compile.ts";
import { runTask, TaskError, taskSignal } from "./task.ts";
import { type ToolName, toolPath } from "./toolchain/index.ts";
import { run } from "./toolchain/process.ts";

/** The tiers, with the tools that each needs on PATH. */
const tiers: Record<string, ToolName[]> = {
  unit: [],
  protocol: [],
  engine: ["pulumi", "pulumi-language-nodejs", "pulumi-language-yaml"],
  cluster: ["pulumi", "pulumi-language-nodejs", "pulumi-language-yaml", "registry"],
  runtime: [],
};

/** Tools that some tests of a tier look for on PATH; without them these tests are skipped by name. */
const extras: Record<string, ToolName[]> = {
  runtime: ["wasmtime"],
  cluster: ["wasmtime", "oras", "crane", "cosign", "etcd", "kube-apiserver", "pulumi-resource-kubernetes"],
};

/** What is read of vitest's JSON report. */
const reportSchema = z.object({
  numPassedTests: z.number(),
  numPendingTests: z.number(),
  numTodoTests: z.number(),
  testResults: z.array(
    z.object({ status: z.string(), assertionResults: z.array(z.object({ status: z.string() })) }),
  ),
});

interface Summary {
  passed: number;
  failed: number;
  skipped: number;
}

await runTask(async () => {
  try {
    finish(await runTests(process.argv.slice(2)));
  } catch (error) {
    if (taskSignal.aborted) throw error;
    console.error(error instanceof TaskError ? error.message : error);
    finish({ passed: 0, failed: 1, skipped: 0 });
  }
});

async function runTests(args: string[]): Promise<Summary> {
  const wanted = wantedTiers(args);
  const runnable = await withTools(wanted);
  const skipped = wanted.length - runnable.length;
  if (runnable.length === 0) return { passed: 0, failed: 0, skipped };
  await buildPlugin();
  if (runnable.some((tier) => tiers[tier]?.includes("pulumi-language-nodejs"))) await compileNodeSdk();
  const folder = await mkdtemp(join(tmpdir(), "pulumi-wasm-test-"));
  try {
    const report = join(folder, "report.json");
    const code = await runVitest(runnable, args.filter(isNoTier), report);
    const summary = await summarize(report);
    // Errors outside any test, such as a worker that crashed, are only in the exit code.
    const failed = summary.failed === 0 && code !== 0 ? 1 : summary.failed;
    return { ...summary, failed, skipped: summary.skipped + skipped };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

function isNoTier(arg: string): boolean {
  return !(arg in tiers);
}

/** The tiers that are named, by their name or by a file in them; without a name all. */
function wantedTiers(args: string[]): string[] {
  const all = Object.keys(tiers);
  const named = all.filter((tier) => args.some((arg) => arg === tier || arg.includes(`test/${tier}/`)));
  return named.length > 0 ? named : all;
}

/** The tiers whose tools can be had; of the others it says what is missing. */
async function withTools(wanted: string[]): Promise<string[]> {
  const runnable: string[] = [];
  for (const tier of wanted) {
    try {
      await toolPath(tiers[tier] ?? []);
      runnable.push(tier);
    } catch (error) {
      if (!(error instanceof TaskError)) throw error;
      console.error(`Skipping the tier ${tier}.\n${error.message}`);
    }
  }
  return runnable;
}

/** The tools that some tests of these tiers look for, as far as they can be had. */
async function extrasOf(runnable: string[]): Promise<ToolName[]> {
  const found: ToolName[] = [];
  for (const name of runnable.flatMap((tier) => extras[tier] ?? [])) {
    try {
      await toolPath([name]);
      found.push(name);
    } catch (error) {
      if (!(error instanceof TaskError)) throw error;
      console.error(`Skipping the tests that need ${name}.\n${error.message}`);
    }
  }
  return found;
}

async function runVitest(runnable: string[], args: string[], report: string): Promise<number> {
  const vitest = inRepository("node_modules", "vitest", "vitest.mjs");
  const reporters = ["--reporter=default", "--reporter=json", `--outputFile.json=${report}`];
  const projects = runnable.flatMap((tier) => ["--project", tier]);
  const tools = [...runnable.flatMap((tier) => tiers[tier] ?? []), ...(await extrasOf(runnable))];
  const { code } = await run(process.execPath, [vitest, "run", ...reporters, ...projects, ...args], {
    cwd: root,
    env: { PATH: await toolPath(tools) },
    signal: taskSignal,
    inherit: true,
  });
  return code;
}

/** Counts tests; a file that could not run counts as one failure. */
async function summarize(report: string): Promise<Summary> {
  const text = await readFile(report, "utf8").catch(() => undefined);
  if (text === undefined) throw new TaskError("vitest ended without a report.");
  const { numPassedTests, numPendingTests, numTodoTests, testResults } = reportSchema.parse(JSON.parse(text));
  const failed = testResults.map(({ status, assertionResults }) => {
    const tests = assertionResults.filter((test) => test.status === "failed").length;
    return tests === 0 && status === "failed" ? 1 : tests;
  });
  return {
    passed: numPassedTests,
    failed: failed.reduce((sum, count) => sum + count, 0),
    skipped: numPendingTests + numTodoTests,
  };
}

function finish({ passed, failed, skipped }: Summary): void {
  if (passed + failed === 0) console.error("No test ran.");
  if (failed > 0 || passed === 0) process.exitCode = 1;
  console.log(`${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ""}`);
}
