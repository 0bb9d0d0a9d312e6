// Reads the structured half of an answer into what a picture needs. Here alone the names of the answer's fields are known.

import * as f from './format.js';
import { narrowing } from './behind.js';
import { coverageLine, filterWords, isPart, partBadge, spanWords, windowWords } from './coverage.js';
import { readCalls } from './calls.js';

/** The dimensions whose values have an order of their own. */
const TIMES = ['day', 'week', 'month'];
const CYCLES = { weekday: ['Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat', 'Sun'], hour: Array.from({ length: 24 }, (_, h) => String(h).padStart(2, '0')) };
const isTime = name => TIMES.includes(name);
const isOrdered = name => isTime(name) || name in CYCLES;

/** What a picture can show of each group, in the order of its buttons. */
export const METRICS = ['calls', 'missed', 'answer_rate', 'mean_seconds'];
const MOST_BUTTONS = 7;
/** What needs no button beside those: the bars of calls have it as their parts, or in their words. */
const PARTS = ['share', 'answered', 'unanswered', 'no_answer', 'busy', 'failed', 'open', 'other'];
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
    calls: s.totals.calls ?? s.coverage.calls, cost: costWords(s.cost_estimate), order: orderOf(s), peak: peakWords(s.peak_at),
  };
  if (model.compared) {
    const { from, to, cut } = model.compared;
    model.comparedWords = cut ? `${f.days(from, to - 1)}, to the same time` : spanWords(from, to);
  }
  // A matrix tells one figure of each cell; the others take another question.
  model.oneFigure = Boolean(s.matrix);
  model.groups = s.matrix ? cellsOf(s) : rowsOf(s, dims);
  for (const group of model.groups) group.label = group.keys.map((key, i) => valueWord(dims[i], key)).join(' · ');
  const days = name => isTime(name) && (key => [f.moment(key), endOf(name, f.moment(key)) - 1]);
  model.narrow = narrowing(s, dims.map(name => ({ name, days: days(name) })), firstKeys(s, model));
  model.split = splitOf(dims);
  model.shape = shapeOf(dims, model);
  model.metrics = metricsOf(s, model);
  model.outcomes = outcomesOf(table.columns, model);
  model.left = leftOut(model, s);
  if (model.shape === 'series') fillTimes(model, s);
  if (model.shape === 'columns') fillCycle(model);
  return model;
}

/** The dimensions of an answer: its leading columns of words. Those of the window before are named after them. */
function dimensionsOf(s) {
  if (s.matrix) return [s.matrix.rows, s.matrix.columns];
  const columns = (s.columns ?? []).map((name, i) => ({ name, words: s.rows.length > 0 && s.rows.every(row => typeof row[i] === 'string' && row[i] !== '?') }))
    .filter(({ name }) => !/_before$/.test(name));
  const end = columns.findIndex(({ words }) => !words);
  return columns.slice(0, Math.min(end < 0 ? 2 : end, 2)).map(({ name }) => name);
}

/** The keys of the group that the answer's next step is about, and those of a matrix of its first column. */
function firstKeys(s, model) {
  return s.matrix ? [s.rows[0]?.[0], s.columns[1]] : model.groups[0]?.keys;
}

/**
 * What the answer has no row for, since it adds others up in one row or has no room: how many groups have rows, of how many,
 * and what the others come to. Undefined where every group has its row.
 */
function leftOut(model, s) {
  const rest = model.groups.find(g => g.rest);
  if (!rest && !s.others) return undefined;
  const { metric, rows } = s.matrix ?? {};
  const shown = s.matrix ? s.rows.filter(row => row[0] !== 'all').length : model.groups.filter(g => !g.rest).length;
  const sums = s.matrix && s.rows.filter(row => row[0] !== 'all').map(row => row.at(-1));
  const others = rest ? rest.figures.calls : metric === 'calls' ? s.totals.calls - sums.reduce((a, b) => a + b, 0) : undefined;
  const dims = rows ? [rows] : model.dims;
  return { inOrder: String(s.order ?? '').split(' ')[0] === dims[0] && isTime(dims[0]), shown, all: s.others && shown + s.others, calls: others, what: dims.length > 1 ? `pairs of ${dims.map(dimensionWord).join(' and ')}` : severalWord(dims[0]) };
}

/** The figure by which the answer ranks its rows, and which of it is first. Rows in order of time have none. */
function orderOf({ order }) {
  const [, metric, first] = /^(\w+), (largest|smallest) first$/.exec(order ?? '') ?? [];
  return { metric, first };
}

/** When the most calls went on at once. */
const peakWords = at => at && `first reached on ${f.dayTime(f.moment(at.slice(0, 16).replace('T', ' ')))}`;

/** What calls cost, as the estimate that it is. */
const costWords = cost => cost && `Cost, estimated, not the bill: ${Object.entries(cost.amounts).map(([currency, amount]) => `${currency} ${f.money(amount)}`).join(', ') || 'nothing is priced'} for ${f.count(cost.priced_calls)} of ${f.count(cost.of_calls)} answered calls, at today's prices.`;

const severalWord = dim => ({ status: 'statuses', country: 'countries' })[dim] ?? `${dimensionWord(dim)}s`;

/** That in words: 31 of 90 days; the others together 1,690 calls */
export function leftWords({ shown, all, calls, what }) {
  const some = all ? `${f.count(shown)} of ${f.count(all)} ${what}` : `${f.count(shown)} ${what} alone`;
  return calls === undefined ? `${some}; the others are not shown` : `${some}; the others together ${f.count(calls)} ${calls === 1 ? 'call' : 'calls'}`;
}

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
  return key === '' ? '(none)' : f.apart(key);
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

/** What marks a part of the calendar that the window or the reading cuts. */
const PART = / \(part\)$/;

const known = value => (typeof value === 'number' ? value : undefined);

function rowsOf(s, dims) {
  const at = name => s.columns.indexOf(name);
  return s.rows.map((row, nth) => {
    const group = { keys: dims.map(name => String(row[at(name)] ?? '')), figures: {}, before: {}, change: {} };
    if (group.keys[0] === '(rest)') { group.rest = true; group.keys = ['(rest)']; }
    // Rows after those that rank have too few calls for a figure that can be compared.
    group.few = nth >= s.ranked && !group.rest;
    group.cut = group.keys.some(key => PART.test(key));
    group.keys = group.keys.map(key => key.replace(PART, ''));
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
  if (have('calls') && !metrics.includes('missed') && have('unanswered')) metrics.splice(1, 0, 'unanswered');
  const figures = s.columns.filter((name, i) => !model.dims.includes(name) && !/_(before|change)$/.test(name) && s.rows.some(row => typeof row[i] === 'number'));
  const others = figures.filter(name => !metrics.includes(name) && !(have('calls') && PARTS.includes(name)));
  const all = [...metrics, ...others];
  // Who asks for an order sees first the figure that makes it.
  const asked = all.filter(name => name === model.order.metric);
  return [...new Set([...asked, ...all])].slice(0, MOST_BUTTONS);
}

function outcomesOf(columns, model) {
  const have = model.dims.length ? name => columns.includes(name) : name => name in model.totals;
  const finer = FINER.every(have);
  const all = OUTCOMES.filter(name => have(name) && (finer ? name !== 'unanswered' : !FINER.includes(name)));
  if (!all.includes('answered') || !(finer || all.includes('unanswered'))) return [];
  return all.filter(name => !['open', 'other'].includes(name) || model.totals[name] > 0 || model.groups.some(g => g.figures[name] > 0));
}

const empty = (keys, state) => ({ keys, figures: {}, before: {}, change: {}, state });

/**
 * Puts the buckets of time in order, adds those without a row, and marks those that are not over, to come or not read. Where the
 * answer adds others up, the axis goes from the first row to the last, and what has no row between them is among the others: it
 * had no call only where rows are in order of time, the latest of all.
 */
function fillTimes(model, s) {
  const dim = model.dims.find(isTime);
  const place = model.dims.indexOf(dim);
  const keyed = model.groups.filter(g => !g.rest);
  const starts = keyed.map(g => f.moment(g.keys[place])).filter(Number.isFinite);
  const { from, to, now } = model.window;
  const whole = [Math.min(Number.isFinite(from) ? startOf(dim, from) : Infinity, ...starts), Math.max(Number.isFinite(to) ? to : -Infinity, ...starts.map(at => at + 1))];
  const [first, end] = model.left ? [Math.min(...starts), Math.max(...starts) + 1] : whole;
  const folded = model.left && !model.left.inOrder;
  const readFrom = f.moment(s.coverage.from);
  const readTo = f.moment(s.coverage.to);
  const buckets = [];
  for (let at = first; at < end && buckets.length < 400; at = endOf(dim, at)) {
    const key = dim === 'month' ? f.isoDay(at).slice(0, 7) : f.isoDay(at);
    const last = endOf(dim, at);
    const some = keyed.filter(g => g.keys[place] === key);
    const state = !some.length && folded ? 'folded'
      : some.some(g => g.cut) ? 'cut'
      : at > now ? 'future'
      : last <= readFrom || at >= readTo ? 'unread'
      : now < last ? 'open'
      : at < Math.max(from || 0, readFrom || 0) || last > Math.min(to || Infinity, readTo || Infinity) ? 'cut' : 'over';
    some.forEach(g => { g.state = state; });
    if (!some.length) {
      const hole = empty(model.dims.map((_, i) => (i === place ? key : '')), state);
      if (!['unread', 'future', 'folded'].includes(state)) hole.figures.calls = 0;
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
    const state = !groups.length && model.left ? 'folded' : 'over';
    if (!groups.length) groups.push({ ...empty(model.dims.map((_, i) => (i === place ? key : '')), state), figures: model.left ? {} : { calls: 0 }, label: valueWord(dim, key) });
    return { key, state, groups };
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
  not_called_back: 'Not called back', called_back_no_answer: 'Called back, no answer', peak_concurrent: 'Most at once', seconds: 'Length', sid: 'SID', agent: 'Agent', from_to: 'From and to', talk_minutes: 'Talk minutes', cost_estimate: 'Cost, estimated',
};
/** The name of a figure for people. */
export function nameOf(metric) {
  const [, base, suffix] = /^(.*?)(_before|_change)?$/.exec(metric);
  const name = WORDS[base] ?? base.charAt(0).toUpperCase() + base.slice(1).replaceAll('_', ' ');
  return suffix === '_before' ? `${name}, before` : suffix === '_change' ? `${name}, change` : name;
}
