// The arguments of find_calls that find the calls behind a group of get_call_stats.

import * as f from './format.js';

/** Limits for one look from the page: as many as find_calls shows at once. */
const MOST = 50;

/** What each dimension adds to the filters; null where there is no filter for it. */
const FILTERS = {
  status: value => ({ status: [value] }),
  direction: value => ({ direction: value }),
  agent: value => ({ agent: value }),
  contact: value => (/[*•?]/.test(value) ? null : { contact: value }),
  weekday: value => ({ weekdays: [value] }),
  hour: value => ({ hour_from: Number(value), hour_to: Number(value) }),
  day: value => ({ date_from: value, date_to: value }),
  week: value => ({ date_from: value, date_to: f.isoDay(f.addDays(f.moment(value), 6)) }),
  month: value => ({ date_from: `${value}-01`, date_to: f.isoDay(f.addMonth(f.moment(value)) - 1) }),
};

/** The arguments for the calls of one group, or null where find_calls has no filter for it. */
export function narrowed(s, dims, group) {
  if (group.rest) return null;
  const args = { ...base(s) };
  for (const [i, dim] of dims.entries()) {
    const filter = group.keys[i] ? FILTERS[dim]?.(group.keys[i]) : null;
    if (!filter) return null;
    if (dim === 'weekday' && args.weekdays && !args.weekdays.includes(group.keys[i])) return null;
    within(args, filter);
  }
  return args;
}

/** The arguments for all calls of an answer. */
export const base = s => {
  const { only, sort, limit, page, period, group_by, compare, top, order, metrics, ...filters } = s.filters ?? {};
  return { ...filters, ...read(s), timezone: s.timezone, limit: MOST };
};

/** Where the answer is about a part of the days that were asked, so are the calls. */
const read = s => (s.coverage?.calls_left === undefined || !s.coverage.from ? {} : { date_from: s.coverage.from.slice(0, 10) });

/** Adds a filter. Days stay within those that were asked. */
function within(args, filter) {
  const { date_from: from, date_to: to } = args;
  Object.assign(args, filter);
  if (filter.date_from && from > filter.date_from) args.date_from = from;
  if (filter.date_to && to && to < filter.date_to) args.date_to = to;
}

/** Adds what the chosen metric counts: missed calls alone, for instance. */
export const ofMetric = (args, metric) => (metric === 'missed' || metric === 'unanswered' ? { ...args, status: [metric] } : args);
