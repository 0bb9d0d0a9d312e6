// Shows totals as figures, with their change, over one bar of outcomes.

import { barX, plot, text } from '@observablehq/plot';
import * as f from './format.js';
import { nameOf } from './answer.js';
import { LABEL, colour, h, scaled, widthOf } from './element.js';
import { readable } from './colours.js';
import { hatches, hits } from './tip.js';
import { label } from './bars.js';

const FIRST = ['calls', 'answered', 'answer_rate', 'unanswered', 'missed', 'mean_seconds', 'talk_seconds', 'unreturned', 'contacts', 'per_day', 'median_seconds', 'p95_seconds'];

/** The heights of a row of figures and of the two bars, in pixels. */
const TILE = 78;
const BARS = 86;

export function totals(figure, model, { width, room, open, hint, all }) {
  const names = [...FIRST.filter(name => name in model.totals), ...Object.keys(model.totals).filter(name => !FIRST.includes(name) && name !== 'share')];
  const across = Math.max(1, Math.floor((width + 8) / scaled(140)));
  const down = Math.max(1, Math.floor((room - scaled(BARS)) / scaled(TILE)));
  const shown = all ? names : names.slice(0, across * Math.min(down, 3));
  figure.append(h('dl', { class: 'totals' }, shown.map(name => h('div', {},
    h('dt', {}, nameOf(name)),
    h('dd', { 'data-figure': name }, f.figure(name, model.totals[name])),
    model.change?.[name] !== undefined && h('dd', { 'data-change': name }, `${f.change(name, model.change[name])} from ${f.figure(name, model.before[name])}`),
  ))));
  if (model.outcomes.length && model.calls > 0) outcomeBars(figure, model, { width, open, hint });
  return { more: names.length - shown.length };
}

/** The totals as rows of a table. */
export function totalsTable(model) {
  const names = Object.keys(model.totals).filter(name => name !== 'share');
  const order = [...FIRST.filter(name => names.includes(name)), ...names.filter(name => !FIRST.includes(name))];
  return {
    columns: model.before ? ['figure', 'now', 'before', 'change'] : ['figure', 'value'],
    rows: order.map(name => [name, model.totals[name], ...(model.before ? [model.before[name] ?? '?', model.change?.[name] ?? '?'] : [])]),
    cell: (column, value, row) => (column === 'figure' ? nameOf(value) : value === '?' ? '–' : column === 'change' ? f.change(row[0], value) : f.figure(row[0], value)),
  };
}

/** One bar of outcomes, and one of the period before. */
function outcomeBars(figure, model, { width, open, hint }) {
  const bars = [{ key: 'now', label: model.badge === 'So far' ? 'So far' : model.compared ? 'Now' : '', totals: model.totals, hatched: Boolean(model.part) || model.badge === 'So far' }];
  if (model.before && model.outcomes.every(name => name in model.before || !model.totals[name])) bars.push({ key: 'before', label: 'Before', totals: model.before });
  const rects = bars.flatMap(bar => {
    let at = 0;
    return model.outcomes.filter(name => bar.totals[name] > 0).map(name => ({ key: bar.key, name, value: bar.totals[name], x1: at, x2: at += bar.totals[name], hatched: bar.hatched }));
  });
  const most = Math.max(...rects.map(r => r.x2), 1);
  const marginLeft = Math.ceil(Math.max(...bars.map(bar => widthOf(bar.label)))) + (bars.some(bar => bar.label) ? 10 : 0);
  const height = bars.length * scaled(34) + 4;
  const inside = r => widthOf(f.count(r.value)) + 10 < (r.value / most) * (width - marginLeft - 2);
  const picture = plot({
    width, height, marginLeft, marginRight: 2, marginTop: 2, marginBottom: 2,
    x: { domain: [0, most], axis: null }, y: { type: 'band', domain: bars.map(bar => bar.key), axis: null, paddingInner: 0.2 }, color: { type: 'identity' },
    marks: [
      barX(rects, { y: 'key', x1: 'x1', x2: 'x2', fill: d => (d.hatched ? `url(#hatch-${d.name})` : colour(d.name)), stroke: 'var(--page)', strokeWidth: 1 }),
      text(rects.filter(r => !r.hatched && inside(r)), { y: 'key', x: d => (d.x1 + d.x2) / 2, text: d => f.count(d.value), fontSize: scaled(LABEL), fill: d => readable(d.name, 1) }),
      text(rects.filter(r => r.hatched && inside(r)), { y: 'key', x: d => (d.x1 + d.x2) / 2, text: d => f.count(d.value), fontSize: scaled(LABEL), fill: 'var(--ink)', stroke: 'var(--page)', strokeWidth: 4 }),
      text(bars.filter(bar => bar.label), { y: 'key', x: 0, text: 'label', textAnchor: 'end', dx: -8, fontSize: scaled(LABEL) }),
    ],
  });
  picture.prepend(hatches(model.outcomes));
  figure.append(picture);
  label(picture, 'Bar: outcomes of all calls');
  const [x, y] = [picture.scale('x'), picture.scale('y')];
  hits(figure, picture, rects.map(r => ({
    x: x.apply(r.x1), width: x.apply(r.x2) - x.apply(r.x1), y: y.apply(r.key), height: y.bandwidth, title: r.key === 'before' ? `${nameOf(r.name)}, before` : nameOf(r.name),
    lines: [`${f.count(r.value)} of ${f.count(bars.find(bar => bar.key === r.key).totals.calls)} calls`],
    open: r.key === 'now' && open && model.narrow([]) && statusOf(r.name) && (() => open({ label: nameOf(r.name), args: { ...model.narrow([]), status: statusOf(r.name) } })),
  })), { hint });
}

/** The statuses of find_calls that an outcome stands for. */
const statusOf = name => ({ answered: ['completed', 'answered'], unanswered: ['unanswered'], no_answer: ['no-answer'], busy: ['busy'], failed: ['failed'], open: ['open'] })[name];
