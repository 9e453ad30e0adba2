import type { Figure } from "./figures.ts";

/** What a benchmark works with. */
export interface Workplace {
  /** A temporary folder of this benchmark's own. */
  folder: string;
  /** The plugin's script in `dist`. */
  plugin: string;
}

/** A group of figures that are measured together. */
export interface Bench {
  /** Its name on the command line. */
  name: string;
  title: string;
  run(workplace: Workplace): Promise<Figure[]>;
}
