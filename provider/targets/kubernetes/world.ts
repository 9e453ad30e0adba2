/** Which runtime runs an artifact, and as what: the worlds that the shims serve. */
import type { Inspection } from "../../artifacts/inspection.ts";
import { type Run, type Runtime, type RuntimeName, runtimeNames, runtimes } from "./runtimes.ts";

type Inspected = Pick<Inspection, "kind" | "imports" | "exports">;

/**
 * Why a runtime cannot run an artifact, with the runtimes that could; nothing where it can.
 *
 * @param artifact what is to be delivered, sealed in the runtime's `form`; of a core module that is not sealed yet, itself
 */
export function worldProblem(artifact: Inspected, run: Run, name: RuntimeName): string | undefined {
  const reason = reasonAgainst(artifact, run, runtimes[name]);
  if (reason === undefined) return undefined;
  const others = runtimeNames.filter((other) => reasonAgainst(artifact, run, runtimes[other]) === undefined);
  if (others.length === 0) return `${reason}. No runtime of this target could run it`;
  return `${reason}. Runtimes that could: ${others.join(", ")}`;
}

function reasonAgainst(artifact: Inspected, run: Run, runtime: Runtime): string | undefined {
  return (
    formProblem(artifact, runtime) ??
    startProblem(artifact, run, runtime) ??
    linkProblem(artifact, run, runtime)
  );
}

/** A core module becomes a component where the runtime wants one; a component never becomes a core module. */
function formProblem({ kind }: Inspected, { form, title }: Runtime): string | undefined {
  if (kind === form || kind === "core") return undefined;
  return `is a component, and ${title} runs core modules only`;
}

function startProblem(artifact: Inspected, run: Run, runtime: Runtime): string | undefined {
  const { title, starts } = runtime;
  const wanted = starts[run];
  if (wanted === undefined) {
    return run === "service"
      ? `is to run as a service, and ${title} serves no HTTP: it runs commands`
      : `is to run as a job, and ${title} runs no commands: it serves HTTP`;
  }
  // Becoming a component, a program gets `wasi:cli/run` for its `_start`.
  if (artifact.kind === "core" && runtime.form === "component") return coreProblem(artifact, run);
  const other = run === "service" ? "job" : "service";
  const starting = (names: readonly string[] = []) =>
    artifact.exports.find((full) => names.some((name) => full.startsWith(name)));
  const found = starting(wanted);
  const rival = starting(starts[other]);
  if (found !== undefined && rival !== undefined) {
    return `exports both ${found} and ${rival}, and the shim starts whichever stands first in the bytes: leave one of them out`;
  }
  if (found !== undefined) return undefined;
  if (rival !== undefined) return wrongRun(run);
  return nothingToStart(artifact, run, wanted);
}

function coreProblem({ exports }: Inspected, run: Run): string | undefined {
  if (run === "service")
    return 'is a core module, and those run as commands: set `run: "job"`, or build an HTTP component';
  return exports.includes("_start")
    ? undefined
    : "is a core module without `_start`: it is a library, not a program";
}

function wrongRun(run: Run): string {
  return run === "service"
    ? 'has no HTTP handler, but a command: set `run: "job"` to run it once, or `run: { schedule: "…" }`'
    : "has no command, but an HTTP handler: leave out `run` to serve it";
}

function nothingToStart({ kind, exports }: Inspected, run: Run, wanted: readonly string[]): string {
  const later = exports.find((full) => /^wasi:[^@]*@0\.3\./.test(full));
  if (later !== undefined)
    return `is a component of WASI 0.3 (${later}), and the runtime serves WASI 0.2: build it for WASI 0.2`;
  const name = kind === "core" ? (wanted[0] ?? "") : `${wanted[0]}x`;
  const what = run === "service" ? "an HTTP handler" : "a command";
  const found = exports.length > 0 ? exports.join(", ") : "nothing";
  return `exports ${found}, but no ${name} (${what}): it is a library, to be composed into a module that has one`;
}

function linkProblem(
  { kind, imports }: Inspected,
  run: Run,
  { form, links, title }: Runtime,
): string | undefined {
  // Its imports are other ones once it is a component.
  if (kind !== form) return undefined;
  const linked = links[run] ?? [];
  const missing = imports.filter((full) => {
    const name = kind === "core" ? full : (full.split(": ").at(-1) ?? full);
    return !linked.some((prefix) => name.startsWith(prefix)) || /@0\.3\./.test(name);
  });
  if (missing.length === 0) return undefined;
  const role = run === "service" ? "services" : "commands";
  return `imports ${missing.join(", ")}, which ${title} does not give to ${role}: serve it by another module of a Composition, or deny it`;
}
