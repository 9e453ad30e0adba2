/** The cache of transpiled components. */
import { createHash } from "node:crypto";
import { access, mkdir, readdir, readFile, rename, rm, stat, utimes } from "node:fs/promises";
import { join } from "node:path";
import { startGuestProcess } from "./guestProcess.ts";
import { type GuestSpec, type LocalOptions, LocalTargetError } from "./spec.ts";

/** The transpiler's version, and ours of how it is called: what it makes depends on nothing else. */
export const TRANSPILER_VERSION = "jco-transpile-0.15.0-1";

const LIMIT_MS = 120_000;
/** A server that runs has its own copy, so nothing here is needed that no start has used in a week. */
const UNUSED_MS = 7 * 24 * 3_600_000;
/** A component may be large; what is made from it is made once. */
const TRANSPILER_PAGES = 65_536;

/** The folder with the component's JavaScript and core modules; made when it is not there. */
export async function transpiled(component: GuestSpec["component"], options: LocalOptions): Promise<string> {
  const parent = join(options.cacheDirectory, "transpiled");
  const folder = join(parent, `${component.digest.replace(/^sha256:/, "")}-${TRANSPILER_VERSION}`);
  if (await exists(join(folder, "component.js"))) {
    // The cache is cleaned by age of last use.
    await utimes(folder, new Date(), new Date()).catch(() => {});
    return folder;
  }
  options.log?.("Compiling the component");
  await verify(component);
  await sweep(parent);
  const making = `${folder}.${process.pid}.${Math.random().toString(36).slice(2)}`;
  try {
    await mkdir(making, { recursive: true });
    await runTranspiler(component.path, making, options.signal);
    await rename(making, folder).catch(async (error) => {
      // Somebody else was faster, with the same result.
      if (!(await exists(join(folder, "component.js")))) throw error;
    });
  } catch (error) {
    options.signal?.throwIfAborted();
    throw explained(error as NodeJS.ErrnoException, options.cacheDirectory);
  } finally {
    await rm(making, { recursive: true, force: true });
  }
  return folder;
}

/** Removes what nobody has used for long: other versions' code, modules that have moved on, and aborted attempts. */
async function sweep(parent: string): Promise<void> {
  const before = Date.now() - UNUSED_MS;
  for (const name of await readdir(parent).catch(() => [])) {
    const path = join(parent, name);
    const found = await stat(path).catch(() => undefined);
    if (found && found.mtimeMs < before) await rm(path, { recursive: true, force: true }).catch(() => {});
  }
}

function explained(error: NodeJS.ErrnoException, cache: string): Error {
  if (error.code === undefined || error instanceof LocalTargetError) return error;
  return new LocalTargetError(
    `The compiled component could not be kept in ${cache}: ${error.message}`,
    undefined,
    {
      cause: error,
    },
  );
}

function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}

async function verify({ path, digest }: GuestSpec["component"]): Promise<void> {
  const bytes = await readFile(path).catch((error: Error) => {
    throw new LocalTargetError(`The component's bytes could not be read: ${error.message}`, "component");
  });
  const found = `sha256:${createHash("sha256").update(bytes).digest("hex")}`;
  if (found !== digest) {
    throw new LocalTargetError(
      `${path} holds ${found}, and ${digest} is wanted. Remove the file and try again.`,
      "component",
    );
  }
}

function runTranspiler(file: string, folder: string, signal: AbortSignal | undefined): Promise<void> {
  signal?.throwIfAborted();
  return new Promise((resolve, reject) => {
    let said = "";
    const fail = (reason: string) => {
      const detail = said === "" ? "" : `\n${said.slice(-2_000)}`;
      reject(new LocalTargetError(`The component could not be compiled: ${reason}${detail}`, "component"));
    };
    const { child, send } = startGuestProcess(
      { read: [file, folder], write: [folder], descriptors: false, memoryPages: TRANSPILER_PAGES },
      (messages) => {
        for (const message of messages) {
          if (message.type === "ready") resolve();
          else if (message.type === "failed") fail(message.message);
        }
        child.kill("SIGKILL");
      },
      (text) => {
        said += text;
      },
      (reason) => {
        clearTimeout(limit);
        signal?.removeEventListener("abort", cancel);
        fail(reason);
      },
    );
    const limit = setTimeout(() => {
      fail(`it took longer than ${LIMIT_MS / 1000} seconds`);
      child.kill("SIGKILL");
    }, LIMIT_MS);
    const cancel = () => {
      reject(signal?.reason);
      child.kill("SIGKILL");
    };
    signal?.addEventListener("abort", cancel, { once: true });
    send({ type: "transpile", file, folder });
  });
}
