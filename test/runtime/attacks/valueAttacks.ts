import type { Ask, Attack, Family, Part } from "./attack.ts";

const environment: Ask = { get: "/env" };
const configuration = (key: string): Ask => ({ get: "/config", query: { key } });
const randomBytes: Ask = { get: "/random", query: { bytes: "16" } };
const time: Ask = { get: "/clock" };

const denied = (name: string, ask: Ask, answer: string): Attack => ({ name, ask, answer });
const works = (name: string, ask: Ask, answer: string | string[], ...reaches: string[]): Attack => {
  return { name, ask, answer, reaches };
};

const noValue = "404 no value for";
const host = "label-host";
const setting = { config: ["api__greeting"] };

export const valueAttacks: Family = {
  title: "Environment and configuration",
  worlds: {
    "a key of the environment, and one in another case": {
      modules: { main: "echo" },
      grants: { main: { environment: ["GRANTED", "other"] } },
      attacks: [works("the whole environment", environment, "GRANTED=", "GRANTED's value")],
    },
    nothing: { modules: { main: "echo" }, attacks: [denied("the whole environment", environment, "")] },
    "a key, to a command": {
      modules: { main: "command" },
      grants: { main: { environment: ["GRANTED"] } },
      attacks: [
        works("its environment and arguments", "run", "ended with 0", "GRANTED's value", "the arguments"),
      ],
    },
    "nothing, to a command": {
      modules: { main: "command" },
      attacks: [denied("its environment and arguments", "run", "ended with 0")],
    },
    "a key of the configuration": {
      modules: { api: "config" },
      grants: { api: setting },
      host,
      attacks: [
        works("its value", configuration("api__greeting"), "hello", "api__greeting's value"),
        denied("another's value", configuration("HOME"), noValue),
        works("all values", { get: "/config" }, "api__greeting=hello", "api__greeting's value"),
      ],
    },
    "no key of the configuration": {
      modules: { api: "config" },
      host,
      attacks: [
        denied("a value", configuration("api__greeting"), noValue),
        denied("all values", { get: "/config" }, ""),
      ],
    },
  },
};

const without = (ambient: string) => ({ ambient: { [ambient]: false } });

export const ambientAttacks: Family = {
  title: "Clocks, random numbers and output",
  worlds: {
    "what every module has": {
      modules: { main: "echo" },
      attacks: [
        works("the time", time, "wall ", "a clock"),
        works("random bytes", randomBytes, "", "random bytes"),
      ],
    },
    "no clocks": {
      modules: { main: "echo" },
      grants: { main: without("clocks") },
      attacks: [
        denied("the time", time, "wall 0\nmonotonic "),
        works("random bytes", randomBytes, "", "random bytes"),
      ],
    },
    "no random numbers": {
      modules: { main: "echo" },
      grants: { main: without("random") },
      attacks: [denied("random bytes", randomBytes, "500"), works("the time", time, "wall ", "a clock")],
    },
    "no output": {
      modules: { main: "command" },
      grants: { main: { environment: ["GRANTED", "OTHER"], ...without("stdio") } },
      attacks: [denied("to print", "run", "ended with 0")],
    },
  },
};

const unknown = (guest: string, name: string): Part => ({ guest, interface: name, version: "0.2.99" });

export const versionAttacks: Family = {
  title: "Interfaces in versions that no table knows",
  worlds: {
    "a key of the environment": {
      modules: { main: unknown("echo", "wasi:cli/environment") },
      grants: { main: { environment: ["GRANTED"] } },
      attacks: [denied("that key", environment, "")],
    },
    "an origin": {
      modules: { main: unknown("client", "wasi:http/outgoing-handler") },
      grants: { main: { http: ["http://127.0.0.1:{web}"] } },
      attacks: [
        denied(
          "that origin",
          { get: "/fetch", query: { url: "http://127.0.0.1:{web}/" } },
          "error: HTTP-request-denied",
        ),
      ],
    },
    "a folder": {
      modules: { main: unknown("files", "wasi:filesystem/preopens") },
      grants: { main: { filesystem: [{ path: "/data", access: "write", volume: "volume" }] } },
      attacks: [denied("that folder", { script: ["held", "std-read /data/file"] }, "ok\nok failed")],
    },
  },
};

const core = "preview1-command";
const printed = (reaches: string[]): Attack => ({
  name: "its environment, and a file of the first folder",
  ask: "run",
  answer: "ended with 0",
  reaches,
});

export const coreAttacks: Family = {
  title: "Core modules for WASI preview 1",
  worlds: {
    "a key and a folder": {
      modules: { main: core },
      grants: {
        main: {
          environment: ["GRANTED"],
          filesystem: [{ path: "/data", access: "read", volume: "volume" }],
        },
      },
      attacks: [printed(["GRANTED's value", "the data"])],
    },
    "a key": {
      modules: { main: core },
      grants: { main: { environment: ["GRANTED"] } },
      attacks: [printed(["GRANTED's value"])],
    },
    "a folder": {
      modules: { main: core },
      grants: { main: { filesystem: [{ path: "/secret", access: "read", volume: "volume" }] } },
      attacks: [printed(["the secret"])],
    },
    nothing: { modules: { main: core }, attacks: [printed([])] },
  },
};
