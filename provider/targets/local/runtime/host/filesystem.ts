/** `wasi:filesystem@0.2.x`: the granted folders, each a directory that this thread holds open. */
import { constants, openSync } from "node:fs";
import type { Preopen } from "../messages.ts";
import { Descriptor, DirectoryEntryStream, type Files } from "./descriptor.ts";
import { IoError } from "./io.ts";
import type { Mailbox } from "./mailbox.ts";
import { OpenFile, OpenFiles, pathOf } from "./openFile.ts";

const { O_DIRECTORY, O_NOFOLLOW, O_RDONLY } = constants;

/** Opened once for each thread; they stay open while it runs. */
const roots = new Map<string, OpenFile>();

function rootOf(preopen: Preopen): OpenFile {
  const known = roots.get(preopen.host);
  if (known) return known;
  const root = new OpenFile(openSync(preopen.host, O_RDONLY | O_DIRECTORY | O_NOFOLLOW), () => {});
  const { dev, ino } = root.stat();
  if (String(dev) !== preopen.device || String(ino) !== preopen.inode) {
    throw new Error(`the folder ${preopen.host} is another one than when the server was started`);
  }
  roots.set(preopen.host, root);
  return root;
}

export function filesystemInterfaces(mailbox: Mailbox, preopens: Preopen[]) {
  const files: Files = { mailbox, open: new OpenFiles() };
  const descriptorOf = (preopen: Preopen): Descriptor => {
    const flags = { read: true, mutateDirectory: preopen.write };
    // A descriptor of the instance's own, so that the guest may drop it.
    const fd = openSync(pathOf(rootOf(preopen).fd), O_RDONLY | O_DIRECTORY);
    return new Descriptor(files, files.open.adopt(fd), true, flags);
  };
  const interfaces = {
    "wasi:filesystem/preopens": {
      getDirectories: () => preopens.map((preopen) => [descriptorOf(preopen), preopen.guest]),
    },
    "wasi:filesystem/types": {
      Descriptor,
      DirectoryEntryStream,
      filesystemErrorCode: (error: IoError) =>
        error instanceof IoError && typeof error.code === "string" ? error.code : undefined,
    },
  };
  return { interfaces, end: () => files.open.closeAll() };
}
