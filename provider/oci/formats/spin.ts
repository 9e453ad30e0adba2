/**
 * Spin applications, as `spin registry push` writes them: each component is a layer (or stands inline), and one layer of
 * JSON, the locked application, says which is which (spinframework/spin, crates/locked-app and crates/oci).
 */
import * as z from "zod";
import { digestOf } from "../../artifacts/digest.ts";
import { UserError } from "../../errors.ts";
import type { Descriptor } from "../descriptor.ts";
import { type Pulling, pullDocument, pullLayer, type Taken, takeBytes } from "./take.ts";
import { shown, shownList, unsupported } from "./unsupported.ts";

export const lockedAppType = "application/vnd.fermyon.spin.application.v1+config";

const dependencies = z.record(z.string(), z.unknown()).default({});

const lockedAppSchema = z.looseObject({
  components: z.array(
    z.looseObject({
      id: z.string(),
      source: z.looseObject({
        digest: z.string().nullish(),
        /** The bytes themselves, where they are few. */
        inline: z.base64().nullish(),
      }),
      dependencies,
      trigger_dependencies: dependencies,
    }),
  ),
});

type Component = z.output<typeof lockedAppSchema>["components"][number];

/**
 * Takes one component of an application.
 *
 * @param id may be left out where the application has one component only
 * @throws UserError at `component`; OciError `unsupported` where the application itself is at fault
 */
export async function pullComponent(
  { app, layers }: { app: Descriptor; layers: readonly Descriptor[] },
  id: string | undefined,
  pulling: Pulling,
): Promise<Taken> {
  const found = componentSource(await pullDocument(app, pulling), layers, id, pulling.name);
  return "layer" in found ? pullLayer(found.layer, pulling) : takeBytes(found.bytes, pulling);
}

function componentSource(
  lockedApp: Uint8Array,
  layers: readonly Descriptor[],
  id: string | undefined,
  name: string,
): { layer: Descriptor } | { bytes: Uint8Array } {
  const component = chosen(componentsOf(lockedApp, name), id, name);
  requireComposed(component, name);
  const { inline, digest } = component.source;
  const layer = layers.find((candidate) => candidate.digest === digest);
  if (layer) return { layer };
  const bytes = inline == null ? undefined : Buffer.from(inline, "base64");
  if (bytes && (digest == null || digestOf(bytes) === digest)) return { bytes };
  throw unsupported(
    `The component "${shown(component.id)}" of ${name} has no bytes in the artifact. Push the application again: spin registry push.`,
  );
}

function componentsOf(lockedApp: Uint8Array, name: string): Component[] {
  try {
    return lockedAppSchema.parse(JSON.parse(Buffer.from(lockedApp).toString("utf8"))).components;
  } catch (error) {
    throw unsupported(
      `${name} is a Spin application whose description cannot be read. Push it again with a current Spin: spin registry push.`,
      { cause: error },
    );
  }
}

function chosen(components: readonly Component[], id: string | undefined, name: string): Component {
  const ids = shownList(components.map((component) => component.id));
  const found =
    id === undefined && components.length === 1 ? components : components.filter((one) => one.id === id);
  if (found[0]) return found[0];
  if (components.length === 0) throw unsupported(`${name} is a Spin application without components.`);
  const problem =
    id === undefined
      ? `${name} is a Spin application of several components: say which one is meant`
      : `${name} has no component "${shown(id)}"`;
  throw new UserError(`${problem}. It has: ${ids}.`, "component");
}

/** Spin would compose these when it loads the component; the layer alone is a part of the program only. */
function requireComposed({ id, dependencies, trigger_dependencies }: Component, name: string): void {
  const open = [...Object.keys(dependencies), ...Object.keys(trigger_dependencies)];
  if (open.length === 0) return;
  throw new UserError(
    `The component "${shown(id)}" of ${name} depends on components that are not composed into it: ${shownList(open)}. ` +
      "Push the application composed (spin registry push does so by default), or wire the parts in a Composition.",
    "component",
  );
}
