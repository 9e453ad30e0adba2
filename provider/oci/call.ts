/** What goes along with each call to a registry. Structurally a part of a resource's Context, which this room does not know. */
export interface Call {
  /** Ends the call, with OciError `cancelled`. */
  signal: AbortSignal;
  log?: {
    /** Each request and each retry. */
    debug(message: string): void;
    warn(message: string): void;
    /** Shown for what takes longer than a second, and replaced by the next one. */
    progress(message: string): void;
  };
}
