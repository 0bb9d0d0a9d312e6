// Writes numbers, days and times for people: numbers in the host's locale, times in the zone of the answer. An answer has its
// times as the clock of that zone shows them, so they are read as if they were UTC and written as UTC.
//
// Sentences and the names of figures are English, and hold figures that the server has written. So the digits are 0 to 9 in
// every locale, and the calendar is that of the answer.

const ours = { numberingSystem: 'latn', calendar: 'gregory' };
const made = new Map();
let locale = new Intl.Locale(navigator.language || 'en', ours);

/** Sets the locale, such as de-DE; one that the browser does not know leaves the browser's own. */
export function useLocale(name) {
  try {
    locale = new Intl.Locale(name || navigator.language, ours);
  } catch {
    locale = new Intl.Locale(navigator.language || 'en', ours);
  }
  made.clear();
}

/** Keeps words that are written from right to left from turning the words around them. */
export const apart = words => (/[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufeff]|[\ud802\ud803\ud83a\ud83b][\udc00-\udfff]/.test(words) ? `\u2068${words}\u2069` : words);

function formatter(Kind, options) {
  const key = Kind.name + JSON.stringify(options);
  if (!made.has(key)) made.set(key, new Kind(locale, options));
  return made.get(key);
}

const number = (value, options = {}) => formatter(Intl.NumberFormat, options).format(value);

/** 1234 -> 1,234 */
export const count = value => number(value, { maximumFractionDigits: 1 });
/** 262.5 -> 262.50 */
export const money = value => number(value, { minimumFractionDigits: 2, maximumFractionDigits: 2 });
/** 0.7857 -> 78.6% */
export const percent = value => number(value, { style: 'percent', maximumFractionDigits: 1 });
/** 0.0278 -> +2.8 points: what lies between two rates is no percentage of either. */
export const points = value => `${number(value * 100, { maximumFractionDigits: 1, signDisplay: 'exceptZero' })} points`;
/** -72 -> -72 and 4 -> +4 */
export const signed = value => number(value, { maximumFractionDigits: 1, signDisplay: 'exceptZero' });

/** 134.2 -> 2:14, and 3723 -> 1:02:03: hours, minutes and seconds as a clock shows them. */
export function length(seconds) {
  const s = Math.round(Math.abs(seconds));
  const two = n => String(n).padStart(2, '0');
  const clock = s >= 3600 ? `${Math.floor(s / 3600)}:${two(Math.floor(s / 60) % 60)}` : String(Math.floor(s / 60));
  return `${seconds < 0 ? '-' : ''}${clock}:${two(s % 60)}`;
}
/** -19.6 -> -0:20 and 19.6 -> +0:20 */
export const signedLength = value => (value > 0 ? '+' : '') + length(value);

/** How a figure of this name is written. */
export function figure(name, value) {
  if (typeof value !== 'number') return '';
  if (isRate(name)) return percent(value);
  if (isLength(name)) return length(value);
  return count(value);
}
/** How a change of a figure of this name is written. */
export function change(name, value) {
  if (typeof value !== 'number') return '';
  if (isRate(name)) return points(value);
  if (isLength(name)) return signedLength(value);
  return signed(value);
}

export const isRate = name => /(_rate|^share|_share)$/.test(name.replace(/_change$/, ''));
export const isLength = name => /seconds$/.test(name.replace(/_change$/, ''));

const DAY = 86_400_000;

/** Reads 2026-11-05, 2026-11 or 2026-11-05 18:00:00; NaN for anything else. */
export function moment(text) {
  const [, year, month, day = '01', hour = '00', minute = '00', second = '00'] =
    /^(\d{4})-(\d\d)(?:-(\d\d)(?:[ T](\d\d):(\d\d)(?::(\d\d))?)?)?$/.exec(text ?? '') ?? [];
  return year ? Date.UTC(year, month - 1, day, hour, minute, second) : NaN;
}
export const isoDay = at => new Date(at).toISOString().slice(0, 10);
export const addDays = (at, days) => at + days * DAY;
export const addMonth = at => Date.UTC(new Date(at).getUTCFullYear(), new Date(at).getUTCMonth() + 1, 1);

const date = (at, options) => apart(formatter(Intl.DateTimeFormat, { timeZone: 'UTC', ...options }).format(at));

/** Thu, Nov 5 */
export const weekdayDay = at => date(at, { weekday: 'short', month: 'short', day: 'numeric' });
/** Nov 5 */
export const day = at => date(at, { month: 'short', day: 'numeric' });
/** Nov 5, 2026 */
export const fullDay = at => date(at, { month: 'short', day: 'numeric', year: 'numeric' });
/** Nov 2026 */
export const month = at => date(at, { month: 'short', year: 'numeric' });
/** 17:59 or 5:59 PM, as the locale has it */
export const time = at => date(at, { hour: 'numeric', minute: '2-digit' });
/** Nov 5, 17:59 */
export const dayTime = at => date(at, { month: 'short', day: 'numeric', hour: 'numeric', minute: '2-digit' });
/** 5 PM or 17, for axes */
export const hour = at => date(at, { hour: 'numeric' });
/** Nov 2 – 8, 2026, days included */
export const days = (from, to) =>
  apart(formatter(Intl.DateTimeFormat, { timeZone: 'UTC', month: 'short', day: 'numeric', year: 'numeric' }).formatRange(from, to));

const WEEKDAYS = ['Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat', 'Sun'];
/** A weekday as answers write it in the words of the locale; any other word as it is. */
export const weekdayOf = (word, style) => (WEEKDAYS.includes(word) ? weekday(WEEKDAYS.indexOf(word), style) : word);

/** Mon 2026-11-02 is weekday 0. */
export const weekday = (index, style = 'short') => date(Date.UTC(2026, 10, 2 + index), { weekday: style });
