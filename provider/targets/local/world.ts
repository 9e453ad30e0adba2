/** The worlds that the local target serves: `wasi:http/proxy` and `wasi:cli/command`, WASI 0.2. */
import type { Inspection } from "../../artifacts/inspection.ts";

const handler = "wasi:http/incoming-handler@0.2.";
const command = "wasi:cli/run@0.2.";

/** Why the target cannot run a module, or nothing. `run` is what the App asks for. */
export function worldProblem(
  { kind, exports, imports }: Pick<Inspection, "kind" | "exports" | "imports">,
  run: "service" | "job",
): string | undefined {
  if (kind === "core") {
    return "is a core module, and the local target runs components: build for wasm32-wasip2, or make a component of it with `wasm-tools component new`";
  }
  const later = [...imports, ...exports].find((name) => /^wasi:[^@]*@0\.3\./.test(name));
  const serves = exports.some((name) => name.startsWith(handler));
  const runs = exports.some((name) => name.startsWith(command));
  if (later !== undefined && !(run === "service" ? serves : runs)) {
    return `is a component of WASI 0.3 (${later}), and the local target serves WASI 0.2: build it for WASI 0.2`;
  }
  if (run === "service" && serves) return undefined;
  if (run === "job" && runs) return undefined;
  if (run === "service" && runs) return 'has no HTTP handler, but a command: set `run: "job"` to run it once';
  if (run === "job" && serves)
    return 'has no command, but an HTTP handler: leave out `run: "job"` to serve it';
  const wanted = run === "service" ? `${handler}x (an HTTP handler)` : `${command}x (a command)`;
  const found = exports.length > 0 ? exports.join(", ") : "nothing";
  return `exports ${found}, but no ${wanted}: it is a library, to be composed into a module that has one`;
}
