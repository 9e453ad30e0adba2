/** What of a local server can be known to be wrong before it is started. */
import { resolve } from "node:path";
import type * as z from "zod";
import { checkRecipe } from "../artifacts/compose/index.ts";
import { decodeRules, type Rules } from "../capabilities/rules.ts";
import type { Problem } from "../errors.ts";
import { UserError } from "../errors.ts";
import { isUnknown } from "../schema/fields.ts";
import { propertyPath } from "../schema/parse.ts";
import { preopens } from "../targets/local/volumes.ts";
import { localOptions } from "./localGuest.ts";
import type { localServerInputs } from "./localServer.ts";
import type { Context } from "./resource.ts";

type Inputs = z.output<typeof localServerInputs>;

export async function checkServer(server: Inputs, context: Context): Promise<Problem[]> {
  const { artifact, rules } = server;
  const recipe = isUnknown(artifact) ? artifact : artifact.recipe;
  const problems = [
    ...(isUnknown(recipe) ? [] : readable("artifact.recipe", () => checkRecipe(recipe))),
    ...(isUnknown(rules) ? [] : readable("rules", () => decodeRules(rules))),
  ];
  return [...problems, ...(await volumeProblems(server, problems.length === 0, context))];
}

/** Texts that only another resource of this package makes; by hand or from another version they mean nothing. */
function readable(path: string, decode: () => unknown): Problem[] {
  try {
    decode();
    return [];
  } catch (error) {
    return [{ path, message: (error as Error).message }];
  }
}

/** Each known folder by itself, for all problems at once; then all together as the rules combine them. */
async function volumeProblems(
  { volumes = {}, rules }: Inputs,
  rulesAreReadable: boolean,
  context: Context,
): Promise<Problem[]> {
  if (isUnknown(volumes)) return [];
  const folders = Object.entries(volumes).flatMap(([name, folder]) =>
    isUnknown(folder) ? [] : [[name, resolve(folder)] as const],
  );
  const single = folders.map(([volume, folder]) =>
    folderProblems([{ path: "/", access: "read", volume }], { [volume]: folder }, context),
  );
  const problems = (await Promise.all(single)).flat();
  const isWhole = folders.length === Object.keys(volumes).length;
  if (problems.length > 0 || !isWhole || isUnknown(rules) || !rulesAreReadable) return problems;
  // What is granted and not bound is the admission's to say.
  const bound = decodeRules(rules).filesystem.filter(({ volume }) => Object.hasOwn(volumes, volume));
  return folderProblems(bound, Object.fromEntries(folders), context);
}

async function folderProblems(
  filesystem: Rules["filesystem"],
  volumes: Record<string, string>,
  context: Context,
): Promise<Problem[]> {
  try {
    await preopens({ rules: { filesystem }, volumes }, localOptions(context));
    return [];
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    const [root = "volumes", name] = /^([^.]*)\.(.*)$/s.exec(error.property ?? "")?.slice(1) ?? [];
    return [{ path: propertyPath(name === undefined ? [root] : [root, name]), message: error.message }];
  }
}
