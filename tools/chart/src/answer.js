// Reads the structured half of an answer into what a picture needs. Here alone the names of the answer's fields are known.

import * as f from './format.js';
import { base, narrowed } from './behind.js';
import { coverageLine, filterWords, isPart, partBadge, spanWords, windowWords } from './coverage.js';
import { readCalls } from './calls.js';

/** The dimensions whose values have an order of their own. */
const TIMES = ['day', 'week', 'month'];
const CYCLES = { weekday: ['Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat', 'Sun'], hour: Array.from({ length: 24 }, (_, h) => String(h).padStart(2, '0')) };
const DIMENSIONS = [...TIMES, ...Object.keys(CYCLES), 'status', 'direction', 'agent', 'contact', 'line'];

const isTime = name => TIMES.includes(name);
const isOrdered = name => isTime(name) || name in CYCLES;

/** What a picture can show of each group, in the order of its buttons. */
export const METRICS = ['calls', 'missed', 'answer_rate', 'mean_seconds'];
/** Outcomes that add up to the calls: the finer three where the answer has them, else their sum. */
const OUTCOMES = ['answered', 'no_answer', 'busy', 'failed', 'unanswered', 'open', 'other'];
const FINER = ['no_answer', 'busy', 'failed'];

/**
 * Reads an answer of get_call_stats, find_calls or list_calls.
 * @param {object} result the result of tools/call
 * @param {{tool?: string, args?: object}} asked
 */
export function read(result, { tool, args } = {}) {
  const text = (result.content ?? []).filter(part => part.type === 'text').map(part => part.text).join('\n');
  const s = result.structuredContent;
  if (result.isError) return { kind: 'error', text: text || 'The question failed.' };
  try {
    if (s?.totals && s.coverage) return { ...readStats(s, { tool, args }), text };
    if (Array.isArray(s?.rows) && s.columns?.includes('time')) return { ...readCalls(s, { tool }), text };
  } catch (error) {
    console.warn(error); // an answer of a form that is not known here still has its text
  }
  return { kind: 'text', text };
}

function readStats(s, asked) {
  const dims = dimensionsOf(s);
  const window = windowOf(s);
  const table = { columns: s.columns ?? [], rows: s.rows ?? [] };
  const model = {
    kind: 'stats', asked, dims, window, table, totals: s.totals,
    before: s.compare?.totals, change: s.compare?.change, percent: s.compare?.percent,
    compared: s.compare && { from: f.moment(s.compare.from), to: f.moment(s.compare.to), cut: s.compare.cut, with: s.compare.with },
    title: dims.length ? `Calls by ${dims.map(dimensionWord).join(' and ')}` : 'Calls',
    when: windowWords(window, s.timezone), chips: filterWords(s.filters), notes: s.notes ?? [],
    coverage: coverageLine(s), badge: partBadge(s, window), part: isPart(s.coverage), legend: s.legend,
    filters: s.filters ?? {}, baseArgs: base(s),
  };
  if (model.compared) {
    const { from, to, cut } = model.compared;
    model.comparedWords = cut ? `${f.days(from, to - 1)}, to the same time` : spanWords(from, to);
  }
  // A matrix tells one figure of each cell; the others take another question.
  model.oneFigure = Boolean(s.matrix);
  model.groups = s.matrix ? cellsOf(s) : rowsOf(s, dims);
  for (const group of model.groups) {
    group.label = group.keys.map((key, i) => valueWord(dims[i], key)).join(' · ');
    group.args = narrowed(s, dims, group);
  }
  model.split = splitOf(dims);
  model.shape = shapeOf(dims, model);
  model.metrics = metricsOf(s, model);
  model.outcomes = outcomesOf(table.columns, model);
  if (model.shape === 'series') fillTimes(model, s);
  if (model.shape === 'columns') fillCycle(model);
  return model;
}

const dimensionsOf = s => {
  if (s.matrix) return [s.matrix.rows, s.matrix.columns];
  const columns = s.columns ?? [];
  return columns.slice(0, columns.indexOf('calls') < 0 ? 2 : columns.indexOf('calls')).filter(name => DIMENSIONS.includes(name)).slice(0, 2);
};

export const dimensionWord = name => ({ contact: 'contact', line: 'own line' })[name] ?? name;

/** How a value of a dimension is written for people. */
export function valueWord(dim, key) {
  if (key === '(rest)') return 'All others';
  const at = isTime(dim) ? f.moment(key) : NaN;
  if (dim === 'day' && at) return f.weekdayDay(at);
  if (dim === 'week' && at) return `Week of ${f.day(at)}`;
  if (dim === 'month' && at) return f.month(at);
  if (dim === 'weekday' && CYCLES.weekday.includes(key)) return f.weekday(CYCLES.weekday.indexOf(key), 'long');
  if (dim === 'hour' && /^\d\d$/.test(key)) return `${key}:00 – ${key}:59`;
  return key === '' ? '(none)' : key;
}

/** A value in as few letters as the axis of a chart needs. */
export function axisWord(dim, key) {
  const at = isTime(dim) ? f.moment(key) : NaN;
  if (at) return dim === 'month' ? f.month(at) : f.day(at);
  if (dim === 'weekday' && CYCLES.weekday.includes(key)) return f.weekday(CYCLES.weekday.indexOf(key));
  return valueWordShort(dim, key);
}
const valueWordShort = (dim, key) => (dim === 'hour' ? key : valueWord(dim, key));

/** The days that were asked for: moments on the clock of the answer's zone, the end excluded. */
function windowOf(s) {
  const { from, to } = s.window ?? {};
  return { from: f.moment(from), to: f.moment(to), now: f.moment(String(s.now ?? '').replace(/^\w+ /, '')), zone: s.timezone };
}

const known = value => (typeof value === 'number' ? value : undefined);

function rowsOf(s, dims) {
  const at = name => s.columns.indexOf(name);
  return s.rows.map(row => {
    const group = { keys: dims.map(name => String(row[at(name)] ?? '')), figures: {}, before: {}, change: {} };
    if (group.keys[0] === '(rest)') { group.rest = true; group.keys = ['(rest)']; }
    s.columns.forEach((name, i) => {
      const value = known(row[i]);
      if (dims.includes(name) || value === undefined) return;
      if (name.endsWith('_before')) group.before[name.slice(0, -7)] = value;
      else if (name.endsWith('_change')) group.change[name.slice(0, -7)] = value;
      else group.figures[name] = value;
    });
    group.pairedWith = dims[0] && row[at(`${dims[0]}_before`)];
    return group;
  });
}

/** The cells of a matrix, without the sums at its edges. */
function cellsOf(s) {
  const { metric } = s.matrix;
  return s.rows.filter(row => row[0] !== 'all').flatMap(row => s.columns.slice(1).flatMap((column, i) => {
    const value = known(row[i + 1]);
    return column === 'all' || value === undefined ? [] : [{ keys: [row[0], column], figures: { [metric]: value }, before: {}, change: {} }];
  }));
}

/** The one of two dimensions by which bars are split, if its values are few and without an order. */
const splitOf = dims => (dims.length === 2 ? dims.find(name => name === 'status' || name === 'direction') : undefined);

function shapeOf(dims, model) {
  if (dims.length === 0) return 'totals';
  const main = dims.find(name => name !== model.split);
  if (dims.length === 2 && !model.split && dims.some(isOrdered)) return 'heat';
  if (isTime(main)) return 'series';
  if (main in CYCLES) return 'columns';
  return 'bars';
}

function metricsOf(s, model) {
  if (s.matrix) return [s.matrix.metric];
  if (model.split) return ['calls'];
  const have = name => s.columns.includes(name) || (!model.dims.length && name in s.totals);
  const metrics = METRICS.filter(have);
  if (!metrics.includes('missed') && have('unanswered')) metrics.splice(1, 0, 'unanswered');
  return metrics.length ? metrics : s.columns.filter(name => !model.dims.includes(name) && !/_(before|change)$/.test(name)).slice(0, 1);
}

function outcomesOf(columns, model) {
  const have = model.dims.length ? name => columns.includes(name) : name => name in model.totals;
  const finer = FINER.every(have);
  const all = OUTCOMES.filter(name => have(name) && (finer ? name !== 'unanswered' : !FINER.includes(name)));
  if (!all.includes('answered') || !(finer || all.includes('unanswered'))) return [];
  return all.filter(name => !['open', 'other'].includes(name) || model.totals[name] > 0 || model.groups.some(g => g.figures[name] > 0));
}

const empty = (keys, state) => ({ keys, figures: {}, before: {}, change: {}, state });

/** Puts the buckets of time in order, adds those without a row, and marks those that are not over, to come or not read. */
function fillTimes(model, s) {
  const dim = model.dims.find(isTime);
  const place = model.dims.indexOf(dim);
  const keyed = model.groups.filter(g => !g.rest);
  const starts = keyed.map(g => f.moment(g.keys[place])).filter(Number.isFinite);
  const { from, to, now } = model.window;
  const first = Math.min(Number.isFinite(from) ? startOf(dim, from) : Infinity, ...starts);
  const end = Math.max(Number.isFinite(to) ? to : -Infinity, ...starts.map(at => at + 1));
  const readFrom = f.moment(s.coverage.from);
  const readTo = f.moment(s.coverage.to);
  const buckets = [];
  for (let at = first; at < end && buckets.length < 400; at = endOf(dim, at)) {
    const key = dim === 'month' ? f.isoDay(at).slice(0, 7) : f.isoDay(at);
    const last = endOf(dim, at);
    const some = keyed.filter(g => g.keys[place] === key);
    const state = at > now ? 'future'
      : last <= readFrom || at >= readTo ? 'unread'
      : now < last ? 'open'
      : at < Math.max(from || 0, readFrom || 0) || last > Math.min(to || Infinity, readTo || Infinity) ? 'cut' : 'over';
    some.forEach(g => { g.state = state; });
    if (!some.length) {
      const hole = empty(model.dims.map((_, i) => (i === place ? key : '')), state);
      if (state !== 'unread' && state !== 'future') hole.figures.calls = 0;
      hole.label = valueWord(dim, key);
      some.push(hole);
    }
    buckets.push({ key, state, groups: some });
  }
  model.buckets = buckets;
}

const startOf = (dim, at) => {
  const day = Date.UTC(new Date(at).getUTCFullYear(), new Date(at).getUTCMonth(), dim === 'month' ? 1 : new Date(at).getUTCDate());
  return dim === 'week' ? f.addDays(day, -((new Date(day).getUTCDay() + 6) % 7)) : day;
};
const endOf = (dim, at) => (dim === 'month' ? f.addMonth(at) : f.addDays(at, dim === 'week' ? 7 : 1));

function fillCycle(model) {
  const dim = model.dims.find(name => name in CYCLES);
  const place = model.dims.indexOf(dim);
  model.buckets = CYCLES[dim].map(key => {
    const groups = model.groups.filter(g => g.keys[place] === key);
    if (!groups.length) groups.push({ ...empty(model.dims.map((_, i) => (i === place ? key : '')), 'over'), figures: { calls: 0 }, label: valueWord(dim, key) });
    return { key, state: 'over', groups };
  });
}

/** The values of a dimension in their order, as far as any group has them; hours and days without gaps. */
export function orderedValues(model, place) {
  const dim = model.dims[place];
  const seen = [...new Set(model.groups.filter(g => !g.rest).map(g => g.keys[place]))];
  const all = CYCLES[dim];
  if (all) return dim === 'weekday' ? all : all.slice(all.findIndex(k => seen.includes(k)), all.findLastIndex(k => seen.includes(k)) + 1);
  if (!isTime(dim)) return seen;
  const sorted = seen.sort();
  if (dim !== 'day' || sorted.length < 2) return sorted;
  const every = [];
  for (let at = f.moment(sorted[0]); at <= f.moment(sorted.at(-1)) && every.length < 400; at = f.addDays(at, 1)) every.push(f.isoDay(at));
  return every;
}

/** The place of the dimension that runs along x in a heat map, and of the one that runs along y. */
export const heatPlaces = dims => {
  const x = dims.includes('hour') ? dims.indexOf('hour') : isOrdered(dims[1]) ? 1 : 0;
  return { x, y: 1 - x };
};

const WORDS = {
  calls: 'Calls', share: 'Share', answered: 'Answered', unanswered: 'Unanswered', missed: 'Missed', no_answer: 'No answer', busy: 'Busy', failed: 'Failed',
  open: 'Still open', other: 'Other', answer_rate: 'Answer rate', unanswered_rate: 'Unanswered rate', no_answer_rate: 'No-answer rate',
  talk_seconds: 'Talk time', mean_seconds: 'Mean length', median_seconds: 'Median length', p95_seconds: '95 % are shorter than', short_calls: 'Short calls',
  per_day: 'Calls a day', contacts: 'Contacts', repeat_contacts: 'Repeat contacts', withheld: 'Number withheld', unreturned: 'Unreturned',
  never_called_back: 'Never called back', not_reached: 'Not reached', peak_concurrent: 'Most at once', seconds: 'Length', sid: 'SID', agent: 'Agent',
};
/** The name of a figure for people. */
export function nameOf(metric) {
  const [, base, suffix] = /^(.*?)(_before|_change)?$/.exec(metric);
  const name = WORDS[base] ?? base.charAt(0).toUpperCase() + base.slice(1).replaceAll('_', ' ');
  return suffix === '_before' ? `${name}, before` : suffix === '_change' ? `${name}, change` : name;
}
