/**
 * Whose an instance is: of the process that listens at its control socket. Only that one removes the instance's folder,
 * so that neither a start that is given up nor a clean-up touches what another run owns.
 */
import { randomBytes } from "node:crypto";
import {
  existsSync,
  linkSync,
  mkdirSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { createConnection, createServer, type Server, type Socket } from "node:net";
import { basename, dirname, join } from "node:path";
import { forgetApp } from "./apps.ts";
import { type Instance, privateFolder } from "./instance.ts";

/** Others may come and go at the same time. */
const ATTEMPTS = 50;
/** Who accepts a connection and is that slow is busy, not dead. */
const PROBE_MS = 2_000;
const STALE_MS = 10_000;

export interface Claim {
  /** False once the name is another process's, or was cleaned away. */
  readonly isHeld: boolean;
  /** Ends the claim, and removes the instance's folder and name unless the name was lost. Synchronous, for exits. */
  remove(): void;
}

/**
 * Takes the instance for this process, makes its folder, and takes connections at its control socket. Undefined when
 * another process has it; one that was killed has it no longer. `onConnection` is not called before the caller, who
 * awaits this, has gone on.
 */
export async function claim(
  instance: Instance,
  onConnection: (socket: Socket) => void,
): Promise<Claim | undefined> {
  await privateFolder(dirname(instance.folder));
  for (let attempt = 1; ; attempt++) {
    try {
      return await tryClaim(instance, onConnection);
    } catch (error) {
      // Its former owner has just taken the folder away. A socket in a missing folder is EACCES to Node.
      const { code } = error as NodeJS.ErrnoException;
      if ((code !== "ENOENT" && code !== "EACCES") || attempt === ATTEMPTS) throw error;
    }
  }
}

/** Removes what is left of an instance that no process has. */
export async function removeUnowned(instance: Instance): Promise<void> {
  const parent = dirname(instance.folder);
  if (!existsSync(parent)) return;
  for (const name of readdirSync(parent)) {
    if (name.startsWith(`${basename(instance.folder)}.gone-`)) removeQuietly(join(parent, name));
  }
  if (!existsSync(instance.folder) && !existsSync(instance.controlSocket)) return;
  const held = await claim(instance, (socket) => socket.destroy());
  held?.remove();
}

async function tryClaim(
  { folder, controlSocket }: Instance,
  onConnection: (socket: Socket) => void,
): Promise<Claim | undefined> {
  await privateFolder(dirname(controlSocket));
  // The length of this suffix is reckoned in where control sockets are placed.
  const own = `${controlSocket}-${random()}`;
  const server = await listen(own, onConnection);
  try {
    const inode = inodeOf(own);
    if (!(await takeName(own, controlSocket))) {
      server.close();
      return undefined;
    }
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    // While this process listens, no other socket can get its inode.
    const isHeld = () => inodeOf(controlSocket) === inode;
    return {
      get isHeld() {
        return isHeld();
      },
      remove() {
        if (isHeld()) removeInstance(folder, controlSocket, isHeld);
        server.close();
      },
    };
  } catch (error) {
    server.close();
    throw error;
  } finally {
    removeQuietly(own);
  }
}

/** In one step for whoever looks: the next owner begins with a folder of its own while this one is being emptied. */
function removeInstance(folder: string, controlSocket: string, isHeld: () => boolean): void {
  const gone = `${folder}.gone-${random()}`;
  forgetApp(folder);
  try {
    renameSync(folder, gone);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
  }
  // A name that lay in the folder went with it, and the one that is there now may be the next owner's.
  if (isHeld()) removeQuietly(controlSocket);
  removeQuietly(gone);
}

/** Puts the socket that this process listens on where it is looked for: of two processes one gets there. */
async function takeName(own: string, name: string): Promise<boolean> {
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    try {
      linkSync(own, name);
      return true;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
    }
    const found = identityOf(name);
    const state = await probe(name);
    if (state === "alive") return false;
    if (state === "dead" && found !== undefined && takeOver(own, name, found)) return true;
  }
  return false;
}

/**
 * Takes the place of a socket whose process was killed. Only one process at a time may try for each such socket: else a
 * second one would replace the first, which is alive.
 */
function takeOver(own: string, name: string, dead: string): boolean {
  const lock = `${name}.${dead}`;
  try {
    writeFileSync(lock, "", { flag: "wx" });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
    removeStale(lock);
    return false;
  }
  try {
    if (identityOf(name) !== dead) return false;
    renameSync(own, name);
    return true;
  } finally {
    removeQuietly(lock);
  }
}

/** A lock is held for a few system calls, so an old one is that of a process which was killed right there. */
function removeStale(lock: string): void {
  const found = statSync(lock, { throwIfNoEntry: false });
  if (found && Date.now() - found.mtimeMs > STALE_MS) removeQuietly(lock);
}

/** Whether a process listens at the path (`alive`), none does (`dead`), or nothing is there any more. */
function probe(path: string): Promise<"alive" | "dead" | "gone"> {
  return new Promise((resolve) => {
    const socket = createConnection(path);
    const done = (state: "alive" | "dead" | "gone") => {
      socket.destroy();
      resolve(state);
    };
    socket.once("connect", () => done("alive"));
    socket.once("error", ({ code }: NodeJS.ErrnoException) => {
      if (code === "EAGAIN") done("alive");
      else done(code === "ENOENT" ? "gone" : "dead");
    });
    socket.setTimeout(PROBE_MS, () => done("alive"));
  });
}

function listen(path: string, onConnection: (socket: Socket) => void): Promise<Server> {
  return new Promise((resolve, reject) => {
    const server = createServer(onConnection);
    server.once("error", reject);
    server.listen(path, () => resolve(server));
  });
}

function random(): string {
  return randomBytes(5).toString("hex");
}

function inodeOf(path: string): bigint | undefined {
  return statSync(path, { bigint: true, throwIfNoEntry: false })?.ino;
}

/** Tells a socket from all others, before and after it. Inodes are used again, so the time of birth belongs to it. */
function identityOf(path: string): string | undefined {
  const found = statSync(path, { bigint: true, throwIfNoEntry: false });
  return found && `${found.ino}-${found.birthtimeNs}`;
}

/** Who looks for the folder at the same time may just have put a socket into it. */
function removeQuietly(path: string): void {
  rmSync(path, { recursive: true, force: true, maxRetries: 10, retryDelay: 10 });
}
