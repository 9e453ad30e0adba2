import type { Attack, Family } from "./attack.ts";

const works = (name: string, script: string[], answer: string, reaches: string[]): Attack => {
  return { name, ask: { script }, answer, reaches };
};
/** Shows nothing but names. */
const shows = (name: string, script: string[], answer: string, unsealed = answer): Attack => {
  return { name, ask: { script }, answer, unsealed: { wasmtime: unsealed, local: unsealed } };
};
const allFolders = "ok / /data /data/sub /more\n";
const denied = (
  name: string,
  script: string[],
  answer: string,
  unsealed: Attack["unsealed"] = {},
): Attack => {
  return { name, ask: { script }, answer, unsealed };
};
const readOnly = (name: string, ...script: string[]) => denied(name, script, "error read-only");
/** The runtimes keep paths below the directory as well. */
const outside = (name: string, ...script: string[]) =>
  denied(name, script, "error not-permitted", { wasmtime: "error", local: "error" });

const alsoLocally = { local: "error not-permitted" };

const read: Attack[] = [
  shows("which folders there are", ["held"], "ok /data\n", allFolders),
  works("a file", ["read /data file"], "ok text-of-data", ["the data"]),
  works("a file below it, by its whole path", ["std-read /data/sub/file"], "ok text-of-data", ["the data"]),
  shows("its entries", ["list /data"], "ok absolute empty file relative sub to-file within"),
  denied("a file beside it, by its whole path", ["std-read /secret/file"], "ok failed NotFound"),
  readOnly("a new file", "write /data new text"),
  readOnly("to write a file", "write /data file text"),
  readOnly("to make a folder", "mkdir /data new"),
  readOnly("to remove a folder", "rmdir /data empty"),
  readOnly("to remove a file", "unlink /data file"),
  readOnly("to rename", "rename /data file /data other"),
  readOnly("a second name", "link /data file /data other"),
  readOnly("another time", "touch /data file"),
  denied("a symbolic link", ["symlink /data file link"], "error read-only", alsoLocally),
  readOnly("to truncate by opening", "open h /data file truncate write"),
  readOnly("to create by opening", "open h /data new create"),
  readOnly("to write below a folder that is held", "open d /data sub directory", "write d file text"),
  readOnly("to remove below a folder that is held", "open d /data sub directory", "unlink d file"),
  readOnly("a folder that can be changed", "open d /data sub directory mutate", "unlink d file"),
  readOnly("to write through a file opened for writing", "open h /data file write", "write-held h text"),
  denied(
    "to write through a file opened for reading",
    ["open h /data file", "write-held h text"],
    "error read-only",
    {
      wasmtime: "error",
      local: "error bad-descriptor",
    },
  ),
  denied("to resize a file opened for reading", ["open h /data file", "resize-held h 0"], "error read-only", {
    wasmtime: "error",
    local: "error bad-descriptor",
  }),
];

const write: Attack[] = [
  works("to write", ["write /data new text"], "ok", ["data changed"]),
  works(
    "to rename, remove and make",
    ["rename /data file /data other", "unlink /data other", "mkdir /data new"],
    "ok\nok\nok",
    ["data changed"],
  ),
  denied("a file beside it, by its whole path", ["std-read /secret/file"], "ok failed NotFound"),
  outside("`..`", "read /data ../secret/file"),
  outside("`..` behind a folder", "read /data sub/../../secret/file"),
  outside("`..` behind a folder that is not there", "read /data none/../../secret/file"),
  outside("`..` from a folder that is held", "open d /data sub directory", "read d ../../secret/file"),
  outside("out and in again", "read /data ../data/file"),
  outside("an absolute path", "read /data /secret/file"),
  outside("two slashes", "read /data //secret/file"),
  outside("to write above", "write /data ../secret/file text"),
  outside("to make above", "mkdir /data ../secret/new"),
  outside("to remove above", "unlink /data ../secret/file"),
  outside("to touch above", "touch /data ../secret/file"),
  outside("to move out", "rename /data file /data ../secret/moved"),
  outside("to fetch in by renaming", "rename /data ../secret/file /data mine"),
  outside("to fetch in by a second name", "link /data ../secret/file /data mine"),
  outside("a symbolic link to an absolute path", "symlink /data /secret made", "read /data made/file"),
  denied(
    "a symbolic link that leads out",
    ["symlink /data ../secret made"],
    "error not-permitted",
    alsoLocally,
  ),
  denied(
    "a symbolic link that winds out",
    ["symlink /data sub/../../secret made"],
    "error not-permitted",
    alsoLocally,
  ),
  denied("to follow a link that leads out", ["read /data relative/file"], "error", {
    wasmtime: "error",
    local: "error",
  }),
  denied("to follow a link to an absolute path", ["read /data absolute/file"], "error", {
    wasmtime: "error",
    local: "error",
  }),
  denied("to follow a link to a file outside", ["read /data to-file"], "error", {
    wasmtime: "error",
    local: "error",
  }),
  denied("to write through a link that leads out", ["write /data relative/new text"], "error", {
    wasmtime: "error",
    local: "error",
  }),
  denied("to list through a link that leads out", ["list /data relative"], "error", {
    wasmtime: "error",
    local: "error",
  }),
  outside("where an absolute link leads", "readlink /data absolute"),
];

const several: Attack[] = [
  shows("which folders there are", ["held"], "ok /data /data/sub /more\n", allFolders),
  works("to write in the inner one", ["write /data/sub file text"], "ok", ["data changed"]),
  works("to read in the outer one", ["read /data sub/file"], "ok", ["the data"]),
  works(
    "to move between two",
    ["rename /data/sub file /more moved", "read /more moved"],
    "ok\nok text-of-data",
    ["data changed", "more changed", "the data"],
  ),
  readOnly("to write in the inner one through the outer one", "write /data sub/file text"),
  readOnly("the same from a folder that is held", "open s /data sub directory", "write s file text"),
  readOnly("to move into the inner one", "rename /data file /data/sub moved"),
  readOnly("to move out of the inner one", "rename /data/sub file /data moved"),
  readOnly("a second name in the inner one", "link /data file /data/sub second"),
  readOnly("a second name in the outer one", "link /data/sub file /data second"),
  readOnly("to move a file over", "rename /data file /more moved"),
  readOnly("a second name elsewhere", "link /data file /more second"),
  readOnly("to move a file the other way", "rename /more file /data moved"),
  readOnly("a second name the other way", "link /more file /data second"),
  outside("to move a file from outside over", "rename /more ../secret/file /more mine"),
  {
    name: "what lies above a folder that was moved while it was held",
    ask: {
      script: [
        "open d /data/sub deep directory",
        "rename /data/sub deep /more deep",
        "read d ../../secret/file",
      ],
    },
    answer: "ok\nok\nerror not-permitted",
    reaches: ["data changed", "more changed"],
  },
  {
    name: "a link in the place of a folder that is held",
    ask: {
      script: [
        "open d /data/sub deep directory",
        "rename /data/sub deep /data/sub aside",
        "symlink /data/sub ../../secret deep",
        "read d file",
        "read d ../../secret/file",
      ],
    },
    answer: "ok\nok\nerror not-permitted\nok text-of-data\nerror not-permitted",
    reaches: ["data changed", "the data"],
  },
];

const below: Attack[] = [
  shows("which folders there are", ["held"], "ok /data/sub/deep /secret\n", allFolders),
  works("to read one", ["std-read /secret/file"], "ok text-of-secret", ["the secret"]),
  denied("a file above it", ["std-read /data/sub/file"], "ok failed NotFound"),
  denied("what is behind a link", ["std-read /data/relative/file"], "ok failed NotFound", {
    wasmtime: "ok failed",
    local: "ok failed",
  }),
];

const main = "files";
const granted = (...texts: string[]) => {
  const filesystem = texts.map((text) => {
    const [access = "", path = ""] = text.split(" ");
    return { path, access, volume: "volume" };
  });
  return { modules: { main }, grants: { main: { filesystem } } };
};

export const fileAttacks: Family = {
  title: "Files",
  worlds: {
    "to read a folder": { ...granted("read /data"), attacks: read },
    "to write a folder": { ...granted("write /data"), attacks: write },
    "to read a folder, and to write one in it and another": {
      ...granted("read /data", "write /data/sub", "write /more"),
      attacks: several,
    },
    "folders below the host's, and paths that are links": {
      ...granted(
        "read /secret",
        "write /data/sub/deep",
        "read /data/relative",
        "read /data/absolute",
        "read /data/within/deep",
      ),
      attacks: below,
    },
    nothing: {
      modules: { main },
      attacks: [
        denied("which folders there are", ["held", "std-read /data/file"], "ok\nok failed NotFound"),
        denied("a file by its whole path", ["std-read /secret/file"], "ok failed NotFound"),
      ],
    },
  },
};
