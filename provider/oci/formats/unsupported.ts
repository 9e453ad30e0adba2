import { OciError } from "../errors.ts";

/** An artifact that no module can be taken from; the message says why and what to do. */
export function unsupported(message: string, options?: ErrorOptions & { property?: string }): OciError {
  return new OciError("unsupported", message, options);
}

/** What a publisher wrote, fit for a message: short, and without what steers a terminal. */
export function shown(text: string): string {
  const clean = text.replace(/[\p{Cc}\p{Cf}\u2028\u2029]/gu, "?");
  return clean.length > 120 ? `${clean.slice(0, 120)}…` : clean;
}

const mostShown = 20;

/** As `shown`, of a list. */
export function shownList(texts: readonly string[]): string {
  const first = texts.slice(0, mostShown).map(shown).join(", ");
  return texts.length > mostShown ? `${first} and ${texts.length - mostShown} more` : first;
}
