import { copyFile, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type BuildOptions, hashOf, kept } from "../kept.ts";
import { TaskError } from "../task.ts";
import { cacheFolder } from "../toolchain/index.ts";
import { run } from "../toolchain/process.ts";
import { Unavailable } from "../toolchain/tool.ts";

const python = process.platform === "win32" ? "python" : "python3";

/** The package's own script names the interpreter that installed it by its path, so it is not used. */
const start = "import sys, componentize_py; sys.exit(componentize_py.script())";

/** Makes a component of Python with componentize-py, in the version that the folder's requirements.txt pins. */
export async function buildValidation(
  { folder, wit, component }: { folder: string; wit: string; component: string },
  options: BuildOptions,
): Promise<void> {
  const packages = await componentizePy(folder, options);
  // The tool compiles the sources where they are, so it gets a copy.
  const sources = await mkdtemp(join(tmpdir(), "storefront-"));
  try {
    await copyFile(join(folder, "app.py"), join(sources, "app.py"));
    const world = ["--wit-path", wit, "--world", "validation"];
    const args = ["componentize", "app", "--python-path", sources, "--output", component];
    const built = await run(python, ["-c", start, "--quiet", ...world, ...args], {
      env: { PYTHONPATH: packages },
      signal: options.signal,
    });
    if (built.code !== 0)
      throw new TaskError(`app.py does not become a component:\n${built.errors.join("\n")}`);
  } finally {
    await rm(sources, { recursive: true, force: true });
  }
}

/** The folder that the package is installed in, once for all clones. */
async function componentizePy(folder: string, options: BuildOptions): Promise<string> {
  const key = await hashOf([folder], ["requirements.txt"]);
  const { signal } = options;
  const tag = "import sysconfig, sys; print(sys.implementation.cache_tag, sysconfig.get_platform(), sep='-')";
  const interpreter = await run(python, ["-c", tag], { signal }).catch(unavailable);
  if (interpreter.code !== 0) unavailable(new Error(interpreter.errors.slice(-1).join()));
  const place = cacheFolder("storefront-tools", `componentize-py-${key}-${interpreter.stdout.trim()}`);
  return kept(place, options, async (target) => {
    options.log(`Installing componentize-py (once; it is kept in ${cacheFolder("storefront-tools")})`);
    const requirements = ["--require-hashes", "--requirement", join(folder, "requirements.txt")];
    const quiet = ["--quiet", "--disable-pip-version-check", "--no-input"];
    const args = [
      "-m",
      "pip",
      "install",
      ...quiet,
      "--only-binary=:all:",
      "--target",
      target,
      ...requirements,
    ];
    const installed = await run(python, args, { signal });
    if (installed.code !== 0) unavailable(new Error(installed.errors.slice(-3).join(" | ")));
  });
}

function unavailable(error: Error): never {
  if (error.name === "AbortError") throw error;
  throw new Unavailable(
    `componentize-py, which builds the module validation, cannot be installed: ${error.message}`,
  );
}
