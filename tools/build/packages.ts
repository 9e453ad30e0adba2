import { readFile } from "node:fs/promises";
import { dirname, join, sep } from "node:path";
import type { Loader, OnLoadResult, Plugin } from "esbuild";
import { root } from "../repository.ts";

/** What a package asks for and never calls in a provider, with what it gets instead. */
const stubs: Record<string, string> = {
  // Closure serialization of dynamic providers and functions; a provider has neither.
  "typescript-shim": "module.exports = {};",
  "@npmcli/arborist": "module.exports = {};",
  "node-gyp": "module.exports = {};",
  // 20 MB for jco's `minify` option, which nothing here sets.
  "oxc-minify": 'export function minify() { throw new Error("oxc-minify is not shipped"); }',
};

/** Replaces the packages of `stubs`. */
export const stubPlugin: Plugin = {
  name: "stubs",
  setup(build) {
    const filter = new RegExp(`(^|/)(${Object.keys(stubs).join("|")})$`);
    build.onResolve({ filter }, ({ path }) => {
      const name = Object.keys(stubs).find((stub) => path === stub || path.endsWith(`/${stub}`));
      return name === undefined ? undefined : { path: name, namespace: "stub" };
    });
    build.onLoad({ filter: /.*/, namespace: "stub" }, ({ path }) => ({ contents: stubs[path] ?? "" }));
  },
};

/** Of undici only what provider/oci asks for; its index would load fetch, caches, mocks and web sockets beside. */
const requests = `
  Object.assign(require("undici/lib/dispatcher/dispatcher.js").prototype, require("undici/lib/api/index.js"));
  exports.Agent = require("undici/lib/dispatcher/agent.js");
  exports.EnvHttpProxyAgent = require("undici/lib/dispatcher/env-http-proxy-agent.js");
`;

/** Parts of undici that no request of ours comes to, with what is left of them. */
const unreached = [
  // For bodies that are forms or web streams.
  "web/fetch/body.js",
  // HTTP/2, which is off unless it is asked for.
  "dispatcher/client-h2.js",
];

/** Ships undici's requests without the rest of it, which is more than half: it doubled the time that the client takes to load. */
export const requestsPlugin: Plugin = {
  name: "requests",
  setup(build) {
    build.onResolve({ filter: /^undici$/ }, () => ({ path: "undici", namespace: "requests" }));
    build.onLoad({ filter: /.*/, namespace: "requests" }, () => ({ contents: requests, resolveDir: root }));
    build.onLoad({ filter: /[/\\]undici[/\\]lib[/\\].*\.js$/ }, ({ path }) =>
      unreached.some((part) => path.split(sep).join("/").endsWith(`/undici/lib/${part}`))
        ? { contents: "module.exports = {};" }
        : undefined,
    );
  },
};

const ownFile = /new URL\((["'])\.\/([^"']+)\1, import\.meta\.url\)/g;

/**
 * Ships the files that the Bytecode Alliance's packages load from beside themselves (core modules, and the worker
 * of the WASI implementation), and points their code to where they land.
 */
export const besidePlugin: Plugin = {
  name: "files-beside",
  setup(build) {
    build.onLoad(
      { namespace: "file", filter: /@bytecodealliance[/\\][^/\\]+[/\\](vendor|dist)[/\\].*\.js$/ },
      loadWithFiles,
    );
    build.onResolve({ filter: /^beside:/ }, ({ path, resolveDir }) => ({
      path: join(resolveDir, path.slice("beside:".length)),
      namespace: "beside",
    }));
    build.onLoad({ filter: /.*/, namespace: "beside" }, async ({ path }) => ({
      contents: path.endsWith(".js")
        ? withoutAddon(await readFile(path, "utf8"), path)
        : await readFile(path),
      loader: "file" as Loader,
      watchFiles: [path],
    }));
  },
};

async function loadWithFiles({ path }: { path: string }): Promise<OnLoadResult> {
  const imports: string[] = [];
  const code = (await readFile(path, "utf8")).replace(ownFile, (_match, _quote, file: string) => {
    const name = `besideFile${imports.length}`;
    imports.push(`import ${name} from "beside:${file}";`);
    return `new URL(${name}, import.meta.url)`;
  });
  return { contents: [...imports, code].join("\n"), loader: "js", resolveDir: dirname(path) };
}

/**
 * The WASI worker loads a native addon for one call, posix_fadvise, which is advice that may be ignored. It is: the
 * permission model, under which guests run, allows no addons, and the shipped folder stays the same everywhere.
 */
function withoutAddon(code: string, path: string): string {
  const call = 'require("@bytecodealliance/jco-node-fs").fadvise';
  if (!code.includes(call)) throw new Error(`${path} no longer contains ${call}: look at what it loads now.`);
  return code.replace(call, "(() => {})");
}
