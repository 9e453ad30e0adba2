import { cacheFolder } from "../artifacts/cacheFolder.ts";
import { Inspector } from "../artifacts/inspect.ts";
import { Store } from "../artifacts/store.ts";
import type { Settings } from "../settings.ts";

interface ArtifactStore {
  store: Store;
  inspector: Inspector;
}

const opened = new Map<string, ArtifactStore>();

/** The store that the provider's configuration names, opened once. */
export function artifactStore(settings: Settings): ArtifactStore {
  const folder = settings.cacheDirectory ?? cacheFolder();
  const known = opened.get(folder);
  if (known) return known;
  const store = new Store({ folder });
  const added = { store, inspector: new Inspector(store) };
  opened.set(folder, added);
  return added;
}
