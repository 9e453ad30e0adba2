/**
 * The one table of what a module can ask a host for: which imports belong to which family of grants, in which versions.
 * Cover, grants, report, guards and targets all read it; an import that it does not name is denied.
 */
import type { Rules, SocketRule } from "./rules.ts";

/** The families of grants, in the order in which they are shown. */
export const families = [
  "http",
  "sockets",
  "nameLookup",
  "filesystem",
  "environment",
  "config",
  "keyValue",
  "blobs",
  "messaging",
  "sql",
  "calls",
  "interfaces",
] as const satisfies (keyof Rules)[];

/** A family whose grants are lists of entries. */
export type Family = (typeof families)[number];

/** What each program has unless a grant narrows it. */
export const ambients = ["clocks", "random", "stdio"] as const satisfies (keyof Rules["ambient"])[];
export type Ambient = (typeof ambients)[number];

/** What opens an import. `structural` needs no grant: it gives types and plumbing, but no way to anything outside. */
export type Opener = Family | Ambient;

interface Row {
  /** `namespace:package/interface`, or `module#function` for core modules. */
  names: string[];
  /** Any one of them opens the import. */
  openers: Opener[] | "structural";
  /** Of the openers' entries only those of this protocol open it. */
  protocol?: SocketRule["protocol"];
  /** Versions whose meaning is known; for core modules none. */
  versions: string[];
  /**
   * What keeps a module within its grants: a component of `composer/guards`, by version where versions differ. Absent: the
   * import as a whole is granted.
   */
  guard?: GuardName | Readonly<Record<string, GuardName>>;
}

/** The components of `composer/guards`. */
export const guardNames = [
  "filesystem",
  "sockets",
  "blobs",
  "config-draft",
  "config-rc1",
  "config-spin",
  "environment",
  "http",
  "key-value-draft",
  "key-value-draft2",
  "messaging",
  "sqlite-v2",
  "sqlite-v3",
  "stdio",
  "stdio-clock",
] as const;
export type GuardName = (typeof guardNames)[number];

const wasi02 = Array.from({ length: 13 }, (_, patch) => `0.2.${patch}`);
const unversioned: string[] = [];

const inPackage = (name: string, interfaces: string) =>
  interfaces.split(" ").map((item) => `${name}/${item}`);
const preview1 = (functions: string) => functions.split(" ").map((item) => `wasi_snapshot_preview1#${item}`);

const rows: Row[] = [
  // WASI 0.2, stable: https://github.com/WebAssembly/WASI, wasip2/
  { names: inPackage("wasi:io", "error poll streams"), openers: "structural", versions: wasi02 },
  { names: inPackage("wasi:cli", "exit"), openers: "structural", versions: wasi02 },
  {
    names: inPackage(
      "wasi:cli",
      "terminal-input terminal-output terminal-stdin terminal-stdout terminal-stderr",
    ),
    openers: "structural",
    versions: wasi02,
  },
  { names: ["wasi:http/types"], openers: "structural", versions: wasi02 },
  {
    names: ["wasi:http/outgoing-handler"],
    openers: ["http", "calls"],
    versions: wasi02,
    guard: "http",
  },
  {
    names: inPackage("wasi:sockets", "tcp tcp-create-socket"),
    openers: ["sockets"],
    protocol: "tcp",
    versions: wasi02,
    guard: "sockets",
  },
  {
    names: inPackage("wasi:sockets", "udp udp-create-socket"),
    openers: ["sockets"],
    protocol: "udp",
    versions: wasi02,
    guard: "sockets",
  },
  // A `network` is a handle that both sockets and look-ups ask for; by itself it opens nothing.
  {
    names: inPackage("wasi:sockets", "network instance-network"),
    openers: ["sockets", "nameLookup"],
    versions: wasi02,
    guard: "sockets",
  },
  {
    names: ["wasi:sockets/ip-name-lookup"],
    openers: ["nameLookup"],
    versions: wasi02,
    guard: "sockets",
  },
  {
    names: inPackage("wasi:filesystem", "preopens types"),
    openers: ["filesystem"],
    versions: wasi02,
    guard: "filesystem",
  },
  { names: ["wasi:cli/environment"], openers: ["environment"], versions: wasi02, guard: "environment" },
  { names: inPackage("wasi:cli", "stdin stdout stderr"), openers: ["stdio"], versions: wasi02 },
  {
    names: inPackage("wasi:clocks", "monotonic-clock wall-clock timezone"),
    openers: ["clocks"],
    versions: wasi02,
  },
  { names: inPackage("wasi:random", "random insecure insecure-seed"), openers: ["random"], versions: wasi02 },

  // Proposals, by the versions that runtimes serve.
  // Spin serves draft-2024-09-27, Wasmtime and wasmCloud 2 rc.1, those before them draft.
  {
    names: ["wasi:config/store"],
    openers: ["config"],
    versions: ["0.2.0-draft", "0.2.0-draft-2024-09-27", "0.2.0-rc.1"],
    guard: {
      "0.2.0-draft": "config-draft",
      "0.2.0-draft-2024-09-27": "config-spin",
      "0.2.0-rc.1": "config-rc1",
    },
  },
  { names: ["wasi:config/runtime"], openers: ["config"], versions: ["0.2.0-draft"], guard: "config-draft" },
  // Wasmtime and wasmCloud serve draft, Spin draft2.
  {
    names: inPackage("wasi:keyvalue", "store atomics batch"),
    openers: ["keyValue"],
    versions: ["0.2.0-draft", "0.2.0-draft2"],
    guard: { "0.2.0-draft": "key-value-draft", "0.2.0-draft2": "key-value-draft2" },
  },
  // Each container comes out of `blobstore`: the others give no way to another one.
  { names: ["wasi:blobstore/blobstore"], openers: ["blobs"], versions: ["0.2.0-draft"], guard: "blobs" },
  { names: inPackage("wasi:blobstore", "container types"), openers: ["blobs"], versions: ["0.2.0-draft"] },
  // No runtime serves wasi:messaging; wasmCloud has its own.
  {
    names: ["wasmcloud:messaging/consumer"],
    openers: ["messaging"],
    versions: ["0.2.0"],
    guard: "messaging",
  },
  { names: ["wasmcloud:messaging/types"], openers: "structural", versions: ["0.2.0"] },
  // No runtime serves wasi:sql; Spin has its own. Version 3.1.0 of it is asynchronous, which no guard is.
  { names: ["fermyon:spin/sqlite"], openers: ["sql"], versions: ["2.0.0"], guard: "sqlite-v2" },
  { names: ["spin:sqlite/sqlite"], openers: ["sql"], versions: ["3.0.0"], guard: "sqlite-v3" },

  // WASI preview 1, the imports of core modules: https://github.com/WebAssembly/WASI, preview1/
  {
    names: preview1("args_get args_sizes_get environ_get environ_sizes_get"),
    openers: ["environment"],
    versions: unversioned,
  },
  { names: preview1("clock_res_get clock_time_get"), openers: ["clocks"], versions: unversioned },
  { names: preview1("random_get"), openers: ["random"], versions: unversioned },
  // poll_oneoff waits, as wasi:io/poll does.
  {
    names: preview1("poll_oneoff proc_exit proc_raise sched_yield"),
    openers: "structural",
    versions: unversioned,
  },
  {
    names: preview1(
      "fd_prestat_get fd_prestat_dir_name fd_readdir fd_allocate fd_advise fd_datasync fd_sync " +
        "fd_filestat_set_size fd_filestat_set_times fd_fdstat_set_rights fd_pread fd_pwrite " +
        "path_create_directory path_filestat_get path_filestat_set_times path_link path_open path_readlink " +
        "path_remove_directory path_rename path_symlink path_unlink_file",
    ),
    openers: ["filesystem"],
    versions: unversioned,
  },
  // These work on what is open already: the standard streams, files, sockets.
  {
    names: preview1(
      "fd_read fd_write fd_seek fd_tell fd_close fd_renumber fd_fdstat_get fd_fdstat_set_flags fd_filestat_get",
    ),
    openers: ["stdio", "filesystem", "sockets"],
    versions: unversioned,
  },
  {
    names: preview1("sock_accept sock_recv sock_send sock_shutdown"),
    openers: ["sockets"],
    versions: unversioned,
  },
];

const byName = new Map(rows.flatMap((row) => row.names.map((name) => [name, row] as const)));

/** An import's name, taken apart. */
export interface ImportName {
  /** As the module has it. */
  full: string;
  /** `wasi:http/types`, `wasi_snapshot_preview1#path_open`, or a plain name: what `denied` may name as well. */
  name: string;
  /** `0.2.3`; undefined when there is none. */
  version: string | undefined;
  form: "interface" | "core" | "plain";
}

/** Takes the form of names that an Inspection has; a label before an interface (`cache: wasi:…`) is left out. */
export function parseImportName(full: string): ImportName {
  const item = full.slice(full.indexOf(": ") + 1).trimStart();
  if (item.includes("#")) return { full, name: item, version: undefined, form: "core" };
  const [name = item, version] = item.split("@", 2);
  return { full, name, version, form: name.includes(":") ? "interface" : "plain" };
}

/** What the component model calls the import: of `cache: wasi:keyvalue/store@…` it is `cache`. */
export function labelOf(full: string): string {
  const end = full.indexOf(": ");
  return end === -1 ? full : full.slice(0, end);
}

/** What the table says of an import. */
export type Meaning =
  | { kind: "structural" }
  | { kind: "opened"; openers: Opener[]; protocol?: SocketRule["protocol"] }
  /** The table has the interface, but not in this version: nobody knows what it opens. */
  | { kind: "unknownVersion"; versions: string[] }
  /** Not in the table. */
  | { kind: "other" };

export function meaningOf(item: ImportName): Meaning {
  const row = byName.get(item.name);
  if (!row) return { kind: "other" };
  if (row.versions.length > 0 && !(item.version !== undefined && row.versions.includes(item.version))) {
    return { kind: "unknownVersion", versions: row.versions };
  }
  if (row.openers === "structural") return { kind: "structural" };
  const { openers, protocol } = row;
  return { kind: "opened", openers, ...(protocol && { protocol }) };
}

/** The guard between a module and whatever serves an import that grants open. */
export function guardOf({ name, version = "" }: ImportName): GuardName | undefined {
  const guard = byName.get(name)?.guard;
  return typeof guard === "object" ? guard[version] : guard;
}

const guarded = new Set(
  rows.flatMap(({ guard, openers }) => (guard && openers !== "structural" ? openers : [])),
);

/**
 * Whether sealed bytes keep a module within its grants of a family. `interfaces` are granted as a whole, so each one that is
 * not granted is denied.
 */
export function isGuarded(family: Family): boolean {
  return family === "interfaces" || guarded.has(family);
}

/** Whether the table names an interface, in whatever version: then `interfaces` cannot grant it. */
export function openersOf(name: string): Opener[] | "structural" | undefined {
  return byName.get(name)?.openers;
}

export function isAmbient(opener: Opener): opener is Ambient {
  return (ambients as readonly string[]).includes(opener);
}
