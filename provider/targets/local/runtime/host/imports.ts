/** All that a guest can import: what this host has, and a trap with a clear message for everything else. */
import type { GuestConfig } from "../messages.ts";
import { cliInterfaces, clockInterfaces, configInterfaces, randomInterfaces } from "./ambient.ts";
import { Denied } from "./errors.ts";
import { filesystemInterfaces } from "./filesystem.ts";
import { httpInterfaces } from "./http.ts";
import { ioInterfaces } from "./io.ts";
import type { Mailbox } from "./mailbox.ts";
import { socketInterfaces } from "./sockets.ts";

type Interfaces = Record<string, object>;

/** A function, or a resource's class, that traps when it is used but not when it is linked. */
function denied(what: string): object {
  const trap = () => {
    throw new Denied(what);
  };
  return new Proxy(function deny() {}, {
    apply: trap,
    construct: trap,
    get: (target, key) => (key === "prototype" || typeof key === "symbol" ? Reflect.get(target, key) : trap),
  });
}

/** Adds a trap for each function that `known` lacks, so that a newer 0.2.x links too. */
function completed(name: string, known: object): object {
  return new Proxy(known, {
    get: (target, key) =>
      typeof key === "symbol" || Reflect.has(target, key)
        ? Reflect.get(target, key)
        : denied(`${name} ${key}`),
  });
}

/** What the guest is given by one instance's host. */
export interface HostImports {
  /** For jco's `instantiate`: interfaces by name without version. */
  imports: object;
  exchange: ReturnType<typeof httpInterfaces>["exchange"];
  /** Writes the unfinished last lines of the guest's output and gives back what the instance held. */
  end(): void;
}

export function hostImports(config: GuestConfig, mailbox: Mailbox): HostImports {
  const { rules } = config;
  const http = httpInterfaces(mailbox, rules);
  const cli = cliInterfaces(mailbox, config);
  const files = filesystemInterfaces(mailbox, config.preopens);
  const interfaces: Interfaces = {
    ...ioInterfaces(mailbox),
    ...http.interfaces,
    ...cli.interfaces,
    ...files.interfaces,
    ...configInterfaces(config),
    ...socketInterfaces(mailbox),
    ...(rules.ambient.clocks ? clockInterfaces(mailbox) : {}),
    ...(rules.ambient.random ? randomInterfaces() : {}),
  };
  const imports = new Proxy(interfaces, {
    get: (target, name) =>
      typeof name === "symbol"
        ? undefined
        : completed(name, Object.hasOwn(target, name) ? (target[name] ?? {}) : {}),
  });
  return {
    imports,
    exchange: http.exchange,
    end() {
      cli.endLines();
      files.end();
    },
  };
}
