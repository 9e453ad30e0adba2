/** Lists of `grant` outputs, as inputs have them. */
import { decodeGrant, type Grant } from "../capabilities/grant.ts";
import type { Problem } from "../errors.ts";
import { isUnknown, type OrUnknown, unknown } from "../schema/fields.ts";
import { propertyPath } from "../schema/parse.ts";

export type Texts = OrUnknown<OrUnknown<string>[]> | undefined;

/** The grants, with a problem for each text that is none. Of a list that is not known as a whole, anything may be in it. */
export function grantsOf(grants: Texts, problems: Problem[], path: (string | number)[]): OrUnknown<Grant>[] {
  return textsOf(grants).map((text, index) => {
    const grant = isUnknown(text) ? unknown : decodeGrant(text);
    if (grant !== undefined) return grant;
    problems.push({
      path: propertyPath([...path, index]),
      message: "is not the `grant` output of a CapabilityGrant of this version",
    });
    return unknown;
  });
}

export function textsOf(list: Texts): OrUnknown<string>[] {
  return isUnknown(list) ? [unknown] : (list ?? []);
}
