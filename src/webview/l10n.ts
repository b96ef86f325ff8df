/** Texts of the chat in the user's language. The key of a text is the text in English. */

let strings: Readonly<Record<string, string>> = {};
let language = 'en';

/** Takes the texts that the host has for the editor's display language. */
export function speak(locale: string, texts: Readonly<Record<string, string>>): void {
  strings = texts;
  language = locale;
}

/** @param text in English, with {0}, {1}, … for `args` */
export function t(text: string, ...args: (string | number)[]): string {
  return (strings[text] ?? text).replace(/\{(\d+)\}/g, (whole, at: string) => String(args[Number(at)] ?? whole));
}

/** A text about a number of things, which is {0} in both forms. */
export function plural(n: number, one: string, many: string, ...args: (string | number)[]): string {
  return t(n === 1 ? one : many, number(n), ...args);
}

/** A number as people of the user's language write it. */
export function number(n: number): string {
  return n.toLocaleString(language);
}

/** 950 → "950", 12 345 → "12.3k". */
export function short(n: number): string {
  if (n < 1000) return String(Math.round(n));
  const thousands = n / 1000;
  return `${thousands.toLocaleString(language, { maximumFractionDigits: thousands < 100 ? 1 : 0 })}k`;
}

export function percent(part: number, whole: number): string {
  return (whole === 0 ? 0 : part / whole).toLocaleString(language, { style: 'percent' });
}

/** @param ms as "3 s", "2 min 5 s", "1 h 4 min" */
export function duration(ms: number): string {
  const seconds = Math.round(ms / 1000);
  if (ms < 1000) return t('{0} ms', Math.round(ms));
  if (seconds < 60) return t('{0} s', seconds);
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return t('{0} min {1} s', minutes, seconds % 60);
  return t('{0} h {1} min', Math.floor(minutes / 60), minutes % 60);
}

/** An ISO 8601 time, in short. */
export function moment(at: string): string {
  const date = new Date(at);
  return Number.isNaN(date.valueOf()) ? at : date.toLocaleString(language, { dateStyle: 'medium', timeStyle: 'short' });
}
