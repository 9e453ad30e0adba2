/** Containers of one pod: their names, ports and variables. */
import type { Problem } from "../../../errors.ts";
import { isKnown, isUnknown, type OrUnknown } from "../../../schema/fields.ts";
import { listenPort } from "../calls.ts";
import { isOwnVariable, runtimes } from "../runtimes.ts";
import { type KubernetesFields, known, type RunKind, type ValidationInput } from "./input.ts";

export function podProblems(
  input: ValidationInput,
  block: KubernetesFields,
  run: OrUnknown<RunKind>,
): Problem[] {
  return [...sidecarProblems(block, run), ...variableProblems(input)];
}

function sidecarProblems({ sidecars }: KubernetesFields, run: OrUnknown<RunKind>): Problem[] {
  const names = new Map<string, string>([["wasm", "the App's own container"]]);
  const ports = new Map<number, string>(run === "service" ? [[listenPort, "the App itself"]] : []);
  return (known(sidecars) ?? []).flatMap((sidecar, index) => {
    if (isUnknown(sidecar)) return [];
    const path = `kubernetes.sidecars[${index}]`;
    const owner = isUnknown(sidecar.name) ? `sidecar ${index}` : `the sidecar ${sidecar.name}`;
    const problems: Problem[] = [];
    const claim = <Key>(taken: Map<Key, string>, key: OrUnknown<Key>, at: string, what: string) => {
      if (isUnknown(key)) return;
      const first = taken.get(key);
      if (first === undefined) taken.set(key, owner);
      else problems.push({ path: at, message: `is taken: ${first} has ${what} ${String(key)}` });
    };
    claim(names, sidecar.name, `${path}.name`, "the name");
    for (const [number, port] of (known(sidecar.ports) ?? []).entries()) {
      claim(ports, port, `${path}.ports[${number}]`, "port");
    }
    return problems;
  });
}

/** Variables that the shim takes for itself never reach the guest, or change what the shim does. */
function variableProblems({ runtime, rules }: ValidationInput): Problem[] {
  if (isUnknown(runtime) || isUnknown(rules)) return [];
  const { title } = runtimes[runtime];
  return rules.environment
    .filter((key) => isKnown(key) && isOwnVariable(runtimes[runtime], key))
    .map((key) => ({
      path: "grants",
      message: `environment ${key}: the shim of ${title} takes this variable for itself; give the module's variable another name`,
    }));
}
