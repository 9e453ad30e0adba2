/** Secrets in what is rendered into an artifact, which everybody who has the artifact can read. */
import type { Problem } from "../errors.ts";
import { propertyPath } from "../schema/parse.ts";
import { isRecord, OutputValue, type Properties, Secret, type Value } from "../values.ts";

const message =
  "is secret; what goes into an artifact can be read by everybody who has it. Pass secrets as bindings of the App. If the " +
  "value is secret only because what it was taken from is, take the mark off (`pulumi.unsecret`)";

/**
 * One problem for each secret, at the path where it begins: what holds a value makes it secret, too.
 * @param patterns paths as `artifactInputs` of a resource has them
 */
export function secretsInArtifact(patterns: readonly string[], inputs: Properties): Problem[] {
  const paths = patterns.flatMap((pattern) => secretsAt(inputs, pattern.split("."), []));
  return [...new Set(paths.map(propertyPath))].map((path) => ({ path, message }));
}

/** Leaves out what is said of a secret beside the one thing that counts. */
export function besideSecrets(problems: readonly Problem[], secrets: readonly Problem[]): Problem[] {
  return problems.filter(
    ({ path }) =>
      !secrets.some(
        (secret) => path === secret.path || [".", "["].some((next) => path.startsWith(secret.path + next)),
      ),
  );
}

type Path = readonly PropertyKey[];

function secretsAt(value: Value | undefined, pattern: readonly string[], path: Path): Path[] {
  if (value instanceof Secret || (value instanceof OutputValue && value.secret)) return [path];
  if (value instanceof OutputValue) return secretsAt(value.value, pattern, path);
  const [wanted = "*", ...rest] = pattern;
  return partsOf(value)
    .filter(([key]) => wanted === "*" || wanted === key)
    .flatMap(([key, part]) => secretsAt(part, rest, [...path, key]));
}

function partsOf(value: Value | undefined): [PropertyKey, Value][] {
  if (Array.isArray(value)) return value.map((part: Value, index) => [index, part]);
  return value !== undefined && isRecord(value) ? Object.entries(value) : [];
}
