/** How long it takes to seal a composition, and to prove it, beside composing the same modules unsealed. */
import { type CompositionSpec, parseCompositionRecipe } from "../provider/artifacts/compose/index.ts";
import { ingredient } from "../provider/artifacts/compose/recipe.ts";
import { sealRequest } from "../provider/artifacts/compose/seal.ts";
import type { Inspection } from "../provider/artifacts/inspection.ts";
import { checkSeal } from "../provider/artifacts/proof/index.ts";
import { TaskError } from "../tools/task.ts";
import type { Place } from "./compose.ts";
import type { Figure } from "./figures.ts";
import { interleave, ratio, timed } from "./measure.ts";
import { padded } from "./modules.ts";
import { addModule, dummy, fullNames, granted, stockImports } from "./sealModules.ts";

const rounds = 15;
const modules = 10;
const megabyte = 1_000_000;
/** Bytes of all modules together; 0: as small as they come. */
const sizes = [0, 2 * megabyte, modules * 2 * megabyte];
const mostTimes = { sealing: 2, checking: 0.5 };

export async function sealedTimes(place: Place): Promise<Figure[]> {
  const figures: Figure[] = [];
  for (const bytes of sizes) figures.push(...(await beside(place, bytes)));
  return figures;
}

async function beside(place: Place, bytes: number): Promise<Figure[]> {
  const spec = await chain(place, bytes);
  const [unsealed, sealed] = [
    await recipeOf(place, spec.modules),
    await recipeOf(place, spec.modules, spec.access),
  ];
  const check = await checker(place, sealed);
  const samples = await interleave(rounds, {
    unsealed: () => timed(() => place.composer.remake(unsealed)),
    sealed: () => timed(() => place.composer.remake(sealed)),
    checker: () => timed(async () => check()),
  });
  const label = `${modules} modules${bytes ? ` of ${bytes / megabyte} MB together` : ", as small as they come"}`;
  const goals = bytes === 0 ? undefined : mostTimes;
  return [
    {
      name: `Composing and sealing ${label}, warm`,
      value: ratio(samples.sealed, samples.unsealed),
      unit: "times",
      against: "that of composing them unsealed",
      ...(goals && { atMost: goals.sealing }),
      samples,
    },
    {
      name: `Proving the seal of ${label}`,
      value: ratio(samples.checker, samples.unsealed),
      unit: "times",
      against: "that of composing them unsealed",
      ...(goals && { atMost: goals.checking }),
      samples,
    },
  ];
}

/** Each module takes from the next one, asks for what stock modules do, and is granted an origin and a key of its own. */
async function chain(place: Place, bytes: number) {
  const faces = Array.from(
    { length: modules + 1 },
    (_, at) => `interface link${at} { call: func(text: string) -> string; }`,
  );
  const links = `package bench:chain@1.0.0 { ${faces.join(" ")} }`;
  const spec: CompositionSpec & { access: object } = { modules: {}, access: {} };
  const imports = fullNames(stockImports).map((name) => `import ${name};`);
  for (let index = 0; index < modules; index++) {
    const next = index + 1 < modules ? [`import bench:chain/link${index + 1}@1.0.0;`] : [];
    const lines = [...imports, ...next, `export bench:chain/link${index}@1.0.0;`];
    const component = await dummy(lines, links);
    const sized = bytes === 0 ? component : padded(component, Math.floor(bytes / modules), 0);
    const name = `m-${"abcdefghij"[index]}`;
    Object.assign(spec.modules, { [name]: await addModule(place, sized) });
    Object.assign(spec.access, {
      [name]: granted({ http: [`https://${name}.example.com`], environment: [`KEY_${index}`] }),
    });
  }
  return spec;
}

async function recipeOf(
  place: Place,
  modules: CompositionSpec["modules"],
  access?: CompositionSpec["access"],
) {
  const planned = await place.composer.plan({ modules, ...(access && { access }) });
  if ("recipe" in planned) return planned.recipe;
  throw new TaskError(planned.problems.map(({ message }) => message).join("\n"));
}

/** The proof of what a recipe gives, with the expectation that the composer's process has. */
async function checker(place: Place, text: string): Promise<() => void> {
  const recipe = parseCompositionRecipe(text);
  if (!recipe?.seal) throw new TaskError("The composition of the benchmark is not sealed.");
  const worlds: Record<string, Inspection> = {};
  for (const [name, content] of Object.entries(recipe.modules)) {
    worlds[name] = await place.inspector.inspect(ingredient(content).digest);
  }
  const { expected } = await sealRequest(recipe, recipe.seal, worlds);
  const bytes = await place.store.read(await place.composer.remake(text));
  return () => checkSeal(bytes, expected);
}
