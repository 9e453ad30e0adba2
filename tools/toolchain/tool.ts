/** What a source is given to put a tool somewhere. */
export interface ObtainRequest {
  /** An empty folder, that becomes the tool's own when the source is done. */
  folder: string;
  /** File name of the executable that has to be in `folder` in the end. */
  executable: string;
  /** Tells the person who waits what is going on. */
  report: (what: string) => void;
  signal: AbortSignal;
}

/** A way to get a tool that is not there yet: build it, download it. */
export interface Source {
  /** Names the way in one or two words, for messages: "building with Go". */
  name: string;
  /** Throws `Unavailable` when this machine cannot get the tool in this way. */
  obtain(request: ObtainRequest): Promise<void>;
}

/** A tool of the tests and the demo, pinned. */
export interface Tool {
  /** The version that the sources give; part of the cache key. */
  version: string;
  /** Name of the executable, without extension. */
  executable: string;
  /** How one that is on PATH is recognised as good enough; without it PATH is not asked. */
  onPath?: { minimum: string; versionArguments: string[] } | { bundledWith: string };
  /** Tried in order. */
  sources: Source[];
  /** What a person can install instead, as the end of the sentence "Install …". */
  install: string;
}

/** Why a source cannot provide a tool here, in a few words. */
export class Unavailable extends Error {
  override readonly name = "Unavailable";
}
