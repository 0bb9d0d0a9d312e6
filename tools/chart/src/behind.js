// The arguments of find_calls that find the calls behind a group of get_call_stats. Which filters there are, and how they are
// written, is read off the answer's own next step, which finds the calls of the first row, and off the first column of a matrix.

import * as f from './format.js';

/** Limits for one look from the page: as many as find_calls shows at once. */
const MOST = 50;

const same = (a, b) => JSON.stringify(a) === JSON.stringify(b);

/**
 * Writes the value of a filter for another group: "Ana" or ["Ana"] for "Ben", 9 or "09-10" for the hour "14".
 * It is undefined if the value does not come from the group that it was written for.
 */
function rewritten(value, from, to) {
  if (Array.isArray(value)) {
    const all = value.map(one => rewritten(one, from, to));
    return all.length && !all.includes(undefined) ? all : undefined;
  }
  if (String(value) === from) return to;
  const by = Number(to) - Number(from);
  if (!/^\d\d$/.test(from) || Number.isNaN(by)) return undefined;
  if (typeof value === 'number') return value === Number(from) ? Number(to) : undefined;
  if (!/^\d\d?\b/.test(value) || Number.parseInt(value, 10) !== Number(from)) return undefined;
  return value.replace(/\d+/g, n => String(Number(n) + by).padStart(n.length, '0'));
}

/** A number of which a part is hidden finds nobody. */
const isMasked = key => /^[+\d*•?x ]+$/.test(key) && /[*•?x]/.test(key);

/**
 * Returns a function from the keys of a group to the arguments that find its calls, null where no filter can say them.
 * @param {object} s the answer
 * @param {{name: string, days?: (key: string) => [number, number]}[]} dims the dimensions; days of those that are days
 * @param {string[]} first the keys of the group that the next step is about
 */
export function narrowing(s, dims, first) {
  if (!s.next) return () => null;
  const example = { ...s.next.arguments, ...s.matrix?.first_column };
  const filters = s.filters ?? {};
  const changed = Object.keys(example).filter(name => !same(example[name], filters[name]));
  const written = dims.map(({ days }, i) => {
    if (days) return [];
    const fits = name => rewritten(example[name], first?.[i], first?.[i]) !== undefined;
    const found = changed.filter(fits);
    return found.length ? found : Object.keys(example).filter(name => same([example[name]].flat(), [first?.[i]]));
  });
  const of = names => Object.fromEntries(names.filter(name => name in filters).map(name => [name, filters[name]]));
  const kept = Object.fromEntries(Object.entries(example).filter(([name]) => !written.flat().includes(name) && !/^date_(from|to)$/.test(name)));

  return (keys, without) => {
    const args = { ...kept, ...of([...written.flat(), 'date_from', 'date_to']), ...readFrom(s), timezone: s.timezone, limit: MOST };
    for (const [i, { name, days }] of dims.entries()) {
      const key = keys[i];
      if (name === without) continue;
      if (!key || isMasked(key) || !(days ? 'date_from' in example : written[i].length)) return null;
      if (days) within(args, ...days(key).map(f.isoDay));
      for (const filter of written[i]) {
        args[filter] = rewritten(example[filter], first[i], key);
        if (args[filter] === undefined) return null;
      }
    }
    return args;
  };
}

/** Where the answer is about a part of the days that were asked, so are the calls. */
const readFrom = s => (s.coverage?.calls_left === undefined || !s.coverage.from ? {} : { date_from: s.coverage.from.slice(0, 10) });

/** Narrows the days to some of those that were asked. */
function within(args, from, to) {
  args.date_from = args.date_from > from ? args.date_from : from;
  args.date_to = args.date_to < to ? args.date_to : to;
}

/** Adds what the chosen metric counts: missed calls alone, for instance. */
export const ofMetric = (args, metric) => (args && (metric === 'missed' || metric === 'unanswered') ? { ...args, status: [metric] } : args);
