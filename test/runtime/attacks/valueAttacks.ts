import type { Attack, Family, Part } from "./attack.ts";

const environment = { get: "/env" };
const configuration = (key: string) => ({ get: "/config", query: { key } });
const notFound = "404 no value for";
const api = "config";
const host = "label-host";
const unknown = (guest: string, name: string): Part => ({ guest, interface: name, version: "0.2.99" });

const values: Attack[] = [
  {
    world: "a key of the environment",
    name: "the whole environment",
    ask: environment,
    answer: "GRANTED=",
    reaches: ["GRANTED's value"],
  },
  {
    world: "a key in another case",
    name: "the whole environment",
    ask: environment,
    answer: "",
  },
  { world: "nothing", name: "the whole environment", ask: environment, answer: "" },
  {
    world: "a key, for a program",
    name: "its environment and arguments",
    ask: "run",
    answer: ["env GRANTED=", "ended with 0"],
    reaches: ["GRANTED's value", "the arguments"],
  },
  {
    world: "nothing, for a program",
    name: "its environment and arguments",
    ask: "run",
    answer: "ended with 0",
  },
  {
    world: "a key of the configuration",
    name: "its value",
    ask: configuration("api__greeting"),
    answer: "hello",
    reaches: ["api__greeting's value"],
  },
  {
    world: "a key of the configuration",
    name: "another's value",
    ask: configuration("HOME"),
    answer: notFound,
  },
  {
    world: "a key of the configuration",
    name: "all values",
    ask: { get: "/config" },
    answer: "api__greeting=hello",
    reaches: ["api__greeting's value"],
  },
  {
    world: "no key of the configuration",
    name: "a value",
    ask: configuration("api__greeting"),
    answer: notFound,
  },
  { world: "no key of the configuration", name: "all values", ask: { get: "/config" }, answer: "" },
];

export const valueAttacks: Family = {
  title: "Environment and configuration",
  worlds: {
    "a key of the environment": { modules: { main: "echo" }, grants: { main: { environment: ["GRANTED"] } } },
    "a key in another case": {
      modules: { main: "echo" },
      grants: { main: { environment: ["granted", "Other"] } },
    },
    nothing: { modules: { main: "echo" } },
    "a key, for a program": { modules: { main: "command" }, grants: { main: { environment: ["GRANTED"] } } },
    "nothing, for a program": { modules: { main: "command" } },
    "a key of the configuration": {
      modules: { api },
      grants: { api: { config: ["api__greeting"] } },
      host,
    },
    "no key of the configuration": { modules: { api }, host },
  },
  attacks: values,
};

const off = (family: string) => ({ main: { ambient: { [family]: false } } });
const everyKey = { environment: ["GRANTED", "OTHER"] };

export const ambientAttacks: Family = {
  title: "Clocks, random numbers and output",
  worlds: {
    "what every module has": { modules: { main: "echo" } },
    "no clocks": { modules: { main: "echo" }, grants: off("clocks") },
    "no random numbers": { modules: { main: "echo" }, grants: off("random") },
    output: { modules: { main: "command" }, grants: { main: everyKey } },
    "no output": {
      modules: { main: "command" },
      grants: { main: { ...everyKey, ambient: { stdio: false } } },
    },
  },
  attacks: [
    {
      world: "what every module has",
      name: "the time",
      ask: { get: "/clock" },
      answer: "wall ",
      reaches: ["a clock"],
    },
    {
      world: "what every module has",
      name: "random bytes",
      ask: { get: "/random", query: { bytes: "16" } },
      answer: "",
      reaches: ["random bytes"],
    },
    { world: "no clocks", name: "the time", ask: { get: "/clock" }, answer: "wall 0\nmonotonic 0\n" },
    {
      world: "no clocks",
      name: "random bytes",
      ask: { get: "/random", query: { bytes: "16" } },
      answer: "",
      reaches: ["random bytes"],
    },
    {
      world: "no random numbers",
      name: "random bytes",
      ask: { get: "/random", query: { bytes: "16" } },
      answer: "500",
    },
    {
      world: "output",
      name: "to print",
      ask: "run",
      answer: "ended with 0",
      reaches: ["GRANTED's value", "OTHER's value", "the arguments"],
    },
    { world: "no output", name: "to print", ask: "run", answer: "ended with 0" },
  ],
};

export const versionAttacks: Family = {
  title: "Interfaces in versions that no table knows",
  worlds: {
    "the environment": {
      modules: { main: unknown("echo", "wasi:cli/environment") },
      grants: { main: { environment: ["GRANTED"] } },
    },
    "random numbers": { modules: { main: unknown("echo", "wasi:random/random") } },
    requests: {
      modules: { main: unknown("client", "wasi:http/outgoing-handler") },
      grants: { main: { http: ["http://127.0.0.1:{web}"] } },
    },
    folders: {
      modules: { main: unknown("files", "wasi:filesystem/preopens") },
      grants: { main: { filesystem: [{ path: "/data", access: "write", volume: "volume" }] } },
    },
  },
  attacks: [
    { world: "the environment", name: "a granted key", ask: environment, answer: "" },
    {
      world: "random numbers",
      name: "random bytes",
      ask: { get: "/random", query: { bytes: "16" } },
      answer: "500",
    },
    {
      world: "requests",
      name: "a granted origin",
      ask: { get: "/fetch", query: { url: "http://127.0.0.1:{web}/" } },
      answer: "error: HTTP-request-denied",
    },
    {
      world: "folders",
      name: "a granted folder",
      ask: { script: ["held", "std-read /data/file"] },
      answer: "ok\nok failed",
    },
  ],
};
