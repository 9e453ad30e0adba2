import { cacheFolder } from "../artifacts/cacheFolder.ts";
import { Composer } from "../artifacts/compose/index.ts";
import { Inspector } from "../artifacts/inspect.ts";
import { Store } from "../artifacts/store.ts";
import type { Settings } from "../settings.ts";

interface ArtifactStore {
  store: Store;
  inspector: Inspector;
  composer: Composer;
}

const opened = new Map<string, ArtifactStore>();

/** The store that the provider's configuration names, opened once. */
export function artifactStore(settings: Settings): ArtifactStore {
  const folder = settings.cacheDirectory ?? cacheFolder();
  const known = opened.get(folder);
  if (known) return known;
  const store = new Store({ folder });
  const inspector = new Inspector(store);
  const added = { store, inspector, composer: new Composer(store, inspector) };
  opened.set(folder, added);
  return added;
}
