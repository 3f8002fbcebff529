import { en } from "./en";

export type MessageKey = keyof typeof en;
type CountKey = MessageKey extends infer K ? (K extends `${infer Base}_other` ? Base : never) : never;
type Values = Record<string, string | number>;

/** The languages that exist; a further catalogue has the same keys. */
const catalogue: Record<MessageKey, string> = en;
const language = "en";
const plurals = new Intl.PluralRules(language);

export function t(key: MessageKey, values: Values = {}): string {
  return catalogue[key].replace(/\{(\w+)\}/g, (whole, name: string) => String(values[name] ?? whole));
}

/** A message that depends on a number. */
export function tn(key: CountKey, count: number, values: Values = {}): string {
  const exact = `${key}_${plurals.select(count)}`;
  return t((exact in catalogue ? exact : `${key}_other`) as MessageKey, { ...values, count });
}

/** The message for a code from elsewhere, or the fallback when the catalogue has none. */
export function tCode(prefix: string, code: string, fallback: MessageKey): string {
  const key = `${prefix}.${code}`;
  return t(key in catalogue ? (key as MessageKey) : fallback);
}

const dateAndTime = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "short" });
const timeOnly = new Intl.DateTimeFormat(undefined, { timeStyle: "short" });

export const formatDateTime = (ms: number): string => dateAndTime.format(ms);
export const formatTime = (ms: number): string => timeOnly.format(ms);

/** A length as on a player: 4:05, 1:02:09. */
export function formatLength(ms: number): string {
  const seconds = Math.max(0, Math.round(ms / 1000));
  const [h, m, s] = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60, seconds % 60];
  const tail = `${String(s).padStart(2, "0")}`;
  return h > 0 ? `${h}:${String(m).padStart(2, "0")}:${tail}` : `${m}:${tail}`;
}

export function formatBytes(bytes: number): string {
  const units = ["kB", "MB", "GB"];
  let value = bytes / 1000;
  let unit = 0;
  while (value >= 1000 && unit < units.length - 1) {
    value /= 1000;
    unit += 1;
  }
  return `${new Intl.NumberFormat(undefined, { maximumFractionDigits: value < 10 ? 1 : 0 }).format(value)} ${units[unit]}`;
}
