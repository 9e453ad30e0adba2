import type { RegistryClient } from "../oci/client.ts";
import type { Settings } from "../settings.ts";

const clients = new WeakMap<Settings, Promise<RegistryClient>>();

/** The client of the provider's configuration, made once. Its code is loaded with it: most programs reach no registry. */
export function registryClient(settings: Settings): Promise<RegistryClient> {
  const known = clients.get(settings);
  if (known) return known;
  const made = open(settings);
  clients.set(settings, made);
  return made;
}

async function open(settings: Settings): Promise<RegistryClient> {
  const { RegistryClient } = await import("../oci/client.ts");
  return new RegistryClient({
    ...(settings.registries && { registries: settings.registries }),
    ...(settings.registryTimeout !== undefined && { timeoutSeconds: settings.registryTimeout }),
  });
}
