/** Names of WIT interfaces, as components have them: `acme:auth/check@1.2.0`. */
import { parseImportName } from "../../capabilities/vocabulary.ts";

export interface InterfaceName {
  /** As the module has it. */
  full: string;
  /** Without version. */
  name: string;
  version: string | undefined;
  /** Names of one track may stand for one another; wac decides so, by the compatible ranges of semantic versions. */
  track: string;
}

/** Namespace, package and interface; a component can have other names too, such as `url=<https://…>`. */
const interfaceName = /^[a-z][\w-]*(:[a-z][\w-]*)+\/[a-z][\w-]*$/i;

/** @returns undefined for anything but a full name of an interface: functions and labelled imports are not linked */
export function parseInterface(full: string): InterfaceName | undefined {
  const { name, version } = parseImportName(full);
  if (full.includes(": ") || !interfaceName.test(name)) return undefined;
  return { full, name, version, track: `${name}${version === undefined ? "" : `@${trackOf(version)}`}` };
}

const release = /^(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)(?:\+[\w.-]+)?$/;

/** `1`, `0.2`; a pre-release and `0.0.x` stand for themselves. */
function trackOf(version: string): string {
  const [, major, minor] = release.exec(version) ?? [];
  if (major === undefined || (major === "0" && minor === "0")) return version;
  return major === "0" ? `0.${minor}` : major;
}

/** The higher of two versions of one track comes second in order. */
export function compareVersions(a: string | undefined, b: string | undefined): number {
  const numbers = (version = "") => (release.exec(version) ?? []).slice(1).map(Number);
  const [x, y] = [numbers(a), numbers(b)];
  const index = x.findIndex((number, at) => number !== y[at]);
  return index === -1 ? 0 : (x[index] ?? 0) - (y[index] ?? 0);
}

/** Whether a user's text, with or without version, names this interface. */
export function names(text: string, item: InterfaceName): boolean {
  return text === item.full || text === item.name;
}
