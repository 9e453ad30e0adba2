/** From a world as a row names it to the component that is run. */
import type {
  Composition,
  CompositionModule,
  CompositionSpec,
} from "../../../provider/artifacts/compose/index.ts";
import { encodeGrant, grantOf } from "../../../provider/capabilities/grant.ts";
import type { Workshop } from "../../unit/composeSetup.ts";
import type { Part, World } from "./attack.ts";
import { moduleOf } from "./parts.ts";

type Modules = CompositionSpec["modules"];
type Declared = Pick<World, "modules" | "grants" | "denied" | "links">;

export interface Making {
  sealed: boolean;
  /** Puts ports in their places. */
  fill(text: string): string;
}

/** @returns the component's path */
export async function component(shop: Workshop, world: World, making: Making): Promise<string> {
  const { artifact, imports, exports } = await composed(shop, world, making);
  const host = world.host === undefined ? undefined : await added(shop, { host: world.host }, making);
  const served = host ? await servedBy(shop, host, imports) : [];
  if (served.length === 0) return shop.store.path(await shop.composer.ensure(artifact));
  const hosted = await shop.composer.compose({
    modules: { app: { artifact }, ...host },
    links: served.map((name) => ({ from: "app", import: name, to: "host" })),
    exports: exports.map((name) => ({ from: "app", export: name })),
  });
  return shop.store.path(await shop.composer.ensure(hosted.artifact));
}

async function composed(shop: Workshop, world: Declared, making: Making): Promise<Composition> {
  const modules = await added(shop, world.modules, making);
  const access = making.sealed ? accessOf(world, making.fill) : undefined;
  return shop.composer.compose({ modules, links: world.links, access });
}

async function added(shop: Workshop, parts: World["modules"], making: Making): Promise<Modules> {
  const entries = Object.entries(parts).map(async ([name, part]) => {
    return [name, await moduleFrom(shop, part, making)] as const;
  });
  return Object.fromEntries(await Promise.all(entries));
}

async function moduleFrom(shop: Workshop, part: Part, making: Making): Promise<CompositionModule> {
  if (typeof part === "string" || !("modules" in part)) {
    const { bytes, kind } = await moduleOf(part);
    return shop.add(bytes, kind);
  }
  const { artifact } = await composed(shop, part, making);
  return part.asFile ? shop.add(await shop.store.read(await shop.composer.ensure(artifact))) : { artifact };
}

async function servedBy(shop: Workshop, modules: Modules, imports: readonly string[]): Promise<string[]> {
  const digests = Object.values(modules).map(({ artifact }) => artifact.digest);
  const inspected = await Promise.all(digests.map((digest) => shop.inspector.inspect(digest)));
  // Versions of WASI 0.2 stand for one another.
  const track = (name: string) => name.replace(/@0\.2\.\d+$/, "@0.2");
  const exported = new Set(inspected.flatMap(({ exports }) => exports.map(track)));
  return imports.filter((name) => exported.has(track(name)));
}

function accessOf(world: Declared, fill: (text: string) => string): NonNullable<CompositionSpec["access"]> {
  const { modules, grants = {}, denied = {} } = world;
  const entries = Object.keys(modules).map((name) => {
    const inputs = grants[name] && (JSON.parse(fill(JSON.stringify(grants[name]))) as object);
    const granted = inputs ? [encodeGrant(grantOf("grant", inputs))] : [];
    return [name, { grants: granted, denied: denied[name] }] as const;
  });
  return Object.fromEntries(entries);
}
