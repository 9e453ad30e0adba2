import type { Call } from "../oci/call.ts";
import { parseRepository } from "../oci/reference.ts";
import type { Repository } from "../oci/repository.ts";
import type { KnownImage } from "./imagePlan.ts";
import { registryClient } from "./registryClient.ts";
import type { Context } from "./resource.ts";

/** Where an Image is pushed to. */
export async function repositoryOf(
  { repository, insecure }: Pick<KnownImage, "repository" | "insecure">,
  { settings }: Context,
): Promise<Repository> {
  const client = await registryClient(settings);
  return client.repository(parseRepository(repository), insecure === undefined ? {} : { insecure });
}

export function callOf({ signal, log }: Context): Call {
  return { signal, log };
}
