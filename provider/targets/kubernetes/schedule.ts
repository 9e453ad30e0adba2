/** Schedules as CronJobs take them: the standard form of https://pkg.go.dev/github.com/robfig/cron/v3, without time zones. */

const months = "jan feb mar apr may jun jul aug sep oct nov dec".split(" ");
const days = "sun mon tue wed thu fri sat".split(" ");

const fields: { name: string; from: number; to: number; words?: string[] }[] = [
  { name: "minute", from: 0, to: 59 },
  { name: "hour", from: 0, to: 23 },
  { name: "day of the month", from: 1, to: 31 },
  { name: "month", from: 1, to: 12, words: months },
  { name: "day of the week", from: 0, to: 6, words: days },
];

const names = ["@yearly", "@annually", "@monthly", "@weekly", "@daily", "@midnight", "@hourly"];

/** What is wrong with a schedule, as the words after it, or nothing. */
export function scheduleProblem(text: string): string | undefined {
  if (names.includes(text)) return undefined;
  if (text.startsWith("@")) return `is none of ${names.join(", ")}`;
  if (/^(CRON_)?TZ=/.test(text)) return "names a time zone: schedules are in UTC";
  const parts = text.trim().split(/\s+/);
  if (parts.length !== fields.length) {
    return `has ${parts.length} ${parts.length === 1 ? "field" : "fields"} instead of 5: minute, hour, day of the month, month, day of the week, such as 0 3 * * 1-5`;
  }
  for (const [index, field] of fields.entries()) {
    const item = (parts[index] ?? "").split(",").find((each) => !isItem(each, field));
    if (item !== undefined) {
      return `has ${JSON.stringify(item)} for its ${field.name}, which takes ${field.from} to ${field.to}, ranges (1-5), steps (*/15) and lists of these`;
    }
  }
  return undefined;
}

function isItem(text: string, field: (typeof fields)[number]): boolean {
  const [range = "", step, ...rest] = text.split("/");
  if (rest.length > 0 || (step !== undefined && !(Number(step) > 0 && /^\d+$/.test(step)))) return false;
  if (range === "*" || range === "?") return true;
  const ends = range.split("-").map((end) => numberOf(end, field));
  const [first, last = first] = ends;
  return ends.length <= 2 && first !== undefined && last !== undefined && first <= last;
}

function numberOf(text: string, { from, to, words = [] }: (typeof fields)[number]): number | undefined {
  const word = words.indexOf(text.toLowerCase());
  const value = word >= 0 ? word + from : /^\d{1,2}$/.test(text) ? Number(text) : Number.NaN;
  return value >= from && value <= to ? value : undefined;
}
