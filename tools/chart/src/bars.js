// Draws bars of groups that have no order of their own: agents, statuses, contacts, lines.

import { barX, plot, text, tickX } from '@observablehq/plot';
import * as f from './format.js';
import { nameOf } from './answer.js';
import { barItems } from './items.js';
import { LABEL, colour, fitted, scaled, widthOf } from './element.js';
import { hits, hatches } from './tip.js';

const ROW = 26;
const NARROW = 480;
const NARROW_ROW = 38;

export function bars(figure, model, metric, { width, height, open, hint }) {
  const items = barItems(model, metric);
  const narrow = width < NARROW;
  const row = scaled(narrow ? NARROW_ROW : ROW);
  const room = Math.max(2, Math.floor((height - 10) / row));
  const shown = items.slice(0, room);
  const rate = metric === 'calls' && items.some(item => item.rate !== undefined);
  const value = item => [item.value === undefined ? 'not known' : `${item.atLeast ? '≥ ' : ''}${f.figure(metric, item.value)}`, rate && item.rate !== undefined ? f.percent(item.rate) : '', !narrow && item.beside].filter(Boolean).join(' · ');
  const longest = Math.max(...shown.map(item => widthOf(item.label)));
  const marginLeft = narrow ? 2 : Math.ceil(Math.min(longest, width * 0.34)) + 10;
  const marginRight = Math.ceil(Math.max(...shown.map(item => widthOf(value(item))))) + 10;
  const most = f.isRate(metric) ? 1 : Math.max(...shown.map(item => Math.max(item.value ?? 0, item.before ?? 0)), 1);
  // Words that the dashed line of the period before would cross stand behind it.
  const pixels = (width - marginLeft - marginRight) / most;
  const end = item => (item.before > item.value && (item.before - item.value) * pixels < widthOf(value(item)) + 12 ? item.before : item.value ?? 0);
  const rects = shown.flatMap(item => {
    let at = 0;
    return item.parts.filter(part => part.value > 0).map(part => ({ key: item.key, x1: at, x2: at += part.value, name: part.name, hatched: Boolean(model.part) || item.atLeast || item.state === 'few' }));
  });
  const picture = plot({
    width, height: shown.length * row + 10, marginLeft, marginRight, marginTop: 5, marginBottom: 5,
    x: { domain: [0, most], axis: null },
    y: { type: 'band', domain: shown.map(item => item.key), axis: null, paddingInner: 0.28, paddingOuter: 0.14 },
    color: { type: 'identity' },
    marks: [
      barX(rects, { y: 'key', x1: 'x1', x2: 'x2', insetTop: narrow ? scaled(14) : 0, fill: d => (d.hatched ? `url(#hatch-${d.name})` : colour(d.name)), stroke: 'var(--page)', strokeWidth: 1 }),
      tickX(shown.filter(item => item.before !== undefined), { y: 'key', x: 'before', insetTop: narrow ? scaled(11) : -3, insetBottom: -3, stroke: 'var(--ink)', strokeWidth: 1.75, strokeDasharray: '4 3' }),
      text(shown, narrow
        ? { y: 'key', x: 0, text: d => fitted([d.label, d.beside].filter(Boolean).join(' · '), width - 16), textAnchor: 'start', lineAnchor: 'middle', dy: -scaled(11), fontSize: scaled(LABEL) }
        : { y: 'key', x: 0, text: d => fitted(d.label, marginLeft - 10), textAnchor: 'end', dx: -8, fontSize: scaled(LABEL) }),
      text(shown, { y: 'key', x: end, text: value, textAnchor: 'start', dx: 6, dy: narrow ? scaled(7) : 0, fontSize: scaled(LABEL) }),
    ],
  });
  picture.prepend(hatches([...new Set(rects.map(r => r.name))]));
  const y = picture.scale('y');
  figure.append(picture);
  label(picture, `Bars: ${nameOf(metric)}, ${model.title.toLowerCase()}; ${shown.length} of ${items.length} shown, ${metric === model.order.metric ? model.order.first : 'largest'} first`);
  hits(figure, picture, shown.map(item => ({
    x: 0, width, y: y.apply(item.key), height: y.bandwidth, title: item.label, lines: item.lines, open: item.args && open && (() => open(item)),
  })), { hint });
  return { more: items.length - shown.length, compared: shown.some(item => item.before !== undefined), some: shown.some(item => item.atLeast), few: shown.some(item => item.state === 'few') };
}

/** Names a picture, and hides its marks from screen readers: its places tell the figures. */
export function label(picture, words) {
  for (const child of picture.children) if (!child.classList.contains('hits')) child.setAttribute('aria-hidden', 'true');
  picture.setAttribute('role', 'group');
  picture.setAttribute('aria-label', words);
}
