// What stands for one bar or column: its segments, its words and the calls behind it.

import * as f from './format.js';
import { nameOf, valueWord } from './answer.js';
import { ofMetric } from './behind.js';

/** The colours of statuses and directions, by the names of page.css. */
const SPLIT = {
  completed: 'answered', answered: 'outbound', 'no-answer': 'no_answer', busy: 'busy', failed: 'failed', initiated: 'open', ringing: 'open',
  inbound: 'inbound', outbound: 'outbound',
};
const splitColour = value => SPLIT[value.replaceAll('_', '-')] ?? 'other';

/** The segments that the legend names, with their sums: outcomes, or the values of the dimension that splits the bars. */
export function segmentsOf(model, metric) {
  if (metric !== 'calls') return [];
  if (model.split) {
    const place = model.dims.indexOf(model.split);
    const sums = new Map();
    for (const g of model.groups) if (!g.rest && g.keys[place]) sums.set(g.keys[place], (sums.get(g.keys[place]) ?? 0) + (g.figures.calls ?? 0));
    return [...sums].sort((a, b) => b[1] - a[1]).map(([key, sum]) => ({ key, name: splitColour(key), text: valueWord(model.split, key), sum, atLeast: Boolean(model.left) }));
  }
  return model.outcomes.map(name => ({ key: name, name, text: nameOf(name), sum: model.totals[name] }));
}

/** One item for groups that share a bar. */
function item(model, metric, groups, key, state = 'over') {
  const [first] = groups;
  const segments = segmentsOf(model, metric);
  const place = model.dims.indexOf(model.split);
  const value = model.split ? groups.reduce((sum, g) => sum + (g.figures.calls ?? 0), 0) : first.figures[metric];
  const parts = segments.map(s => ({
    ...s, value: model.split ? groups.find(g => g.keys[place] === s.key)?.figures.calls ?? 0 : first.figures[s.key] ?? 0,
  }));
  if (model.split && first.rest) parts.push({ key: '(rest)', name: 'other', text: 'All others', value });
  const atLeast = Boolean(model.split && model.left && !first.rest && value > 0 && !(model.left.inOrder && first !== model.buckets?.[0].groups[0]));
  const few = first.few && !model.split && metric !== 'calls';
  const told = atLeast ? 'some' : few && state === 'over' ? 'few' : state;
  const label = model.split && !first.rest ? valueWord(model.dims[1 - place], first.keys[1 - place]) || first.label : first.label;
  return {
    key, label: clipped(label), state: told, few: first.few, beside: besideOf(metric, first), value: state === 'folded' ? undefined : value, rest: first.rest, atLeast, before: beforeOf(model, metric, groups), ...(!model.split && { rate: first.figures.answer_rate, rateBefore: first.before.answer_rate }),
    parts: parts.length ? parts : [{ key: metric, name: metric, text: nameOf(metric), value }],
    lines: linesOf(model, metric, first, parts, value, told), args: first.rest ? null : ofMetric(model.narrow(first.keys, model.split), metric),
  };
}

/** What stands beside how long somebody waits: how often they rang in vain, and how often we did. */
const besideOf = (metric, { figures }) => (metric === 'waiting_hours' ? ['missed', 'called_back_no_answer'] : [])
  .filter(name => figures[name] > 0).map(name => `${nameOf(name).toLowerCase()} ${f.count(figures[name])}`).join(' · ');

/** The figure of the window before. Of a bar that is split it is known where each of its parts has one. */
function beforeOf(model, metric, groups) {
  const all = groups.map(g => g.before[metric]);
  return all.includes(undefined) || (model.split && model.left) ? undefined : all.reduce((a, b) => a + b, 0);
}

/** The longest label that is told in a box or to a screen reader; Talkover's own end at 120. */
const LONGEST = 160;
export const clipped = words => (words.length > LONGEST ? `${words.slice(0, LONGEST)}…` : words);

const STATES = {
  open: 'not over yet: so far', cut: 'part of it: the window ends within', unread: 'not read', future: 'to come',
  few: 'too few calls to rank', folded: 'not shown by itself: it is among the others', some: 'at least: smaller parts are among the others',
};

function linesOf(model, metric, group, parts, value, state) {
  const lines = [];
  if (state === 'folded') return [STATES.folded];
  if (value !== undefined) lines.push(`${nameOf(metric)} ${f.figure(metric, value)}`);
  else if (group.figures.calls === 0) lines.push(`${nameOf('calls')} 0`);
  else if (!['unread', 'future'].includes(state)) lines.push(`${nameOf(metric)} not known`);
  for (const part of parts) if (part.value) lines.push(`${part.text} ${f.count(part.value)}`);
  if (!model.split) {
    for (const name of model.metrics) if (name !== metric && !parts.some(part => part.key === name) && group.figures[name] !== undefined && !(name === 'calls' && value === undefined)) lines.push(`${nameOf(name)} ${f.figure(name, group.figures[name])}`);
    const { [metric]: before } = group.before;
    if (before !== undefined) lines.push(`${model.comparedWords} ${f.figure(metric, before)}${group.change[metric] === undefined ? '' : ` (${f.change(metric, group.change[metric])})`}`);
  }
  if (STATES[state]) lines.push(STATES[state]);
  return lines;
}

/** One item for each bucket of time, hour or weekday, in their order. */
export const bucketItems = (model, metric) => model.buckets.map(b => item(model, metric, b.groups, b.key, b.state));

/**
 * One item for each bar: in the order of the answer for the figure that makes it, else largest first. Those that do not rank
 * follow, and what is added up as others stands last.
 */
export function barItems(model, metric) {
  const place = model.split ? 1 - model.dims.indexOf(model.split) : -1;
  const byKey = new Map();
  for (const g of model.groups) {
    const key = g.rest ? '(rest)' : place < 0 ? g.keys.join('\n') : g.keys[place];
    byKey.set(key, [...(byKey.get(key) ?? []), g]);
  }
  return [...byKey].map(([key, groups]) => item(model, metric, groups, key))
    .sort((a, b) => Boolean(a.rest) - Boolean(b.rest) || (metric === model.order.metric && place < 0 ? 0 : Boolean(a.few) - Boolean(b.few) || (b.value ?? -1) - (a.value ?? -1)));
}
