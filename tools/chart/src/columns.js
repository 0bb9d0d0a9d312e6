// Draws columns of time, hours and weekdays: outcomes stacked, the answer rate above, the period before dashed.

import { axisX, axisY, barY, dot, gridY, line, plot, ruleY, text, tickY } from '@observablehq/plot';
import * as f from './format.js';
import { axisWord, nameOf } from './answer.js';
import { bucketItems } from './items.js';
import { LABEL, colour, h, scaled, widthOf } from './element.js';
import { hits, hatches } from './tip.js';
import { label } from './bars.js';

const RATE_HEIGHT = 70;
const RATE_TITLE = 17;
const GAP = 6;
/** The least height of the columns: below it, the answer rate stands behind its button alone. */
const LEAST = 130;

export function columns(figure, model, metric, { width, height, open, hint }) {
  const items = bucketItems(model, metric);
  const dim = model.dims.find(name => name !== model.split);
  const rate = model.shape === 'series' && metric === 'calls' && items.some(item => item.rate !== undefined) && height >= scaled(RATE_HEIGHT + RATE_TITLE + LEAST);
  const below = height - (rate ? scaled(RATE_HEIGHT + RATE_TITLE) : 0);
  const foot = scaled(24);
  const highest = f.isRate(metric) ? 1 : Math.max(...items.map(item => Math.max(item.value ?? 0, item.before ?? 0)), 1);
  const write = value => f.figure(metric, value);
  const ticks = ticksOf(metric, highest, below);
  const marginLeft = Math.ceil(Math.max(widthOf(write(highest)), ...ticks.map(t => widthOf(write(t))), rate ? widthOf(f.percent(1)) : 0)) + 12;
  const domain = items.map(item => item.key);
  const x = { type: 'band', domain, paddingInner: items.length > 60 ? 0.12 : 0.22, paddingOuter: 0.1 };
  const band = (width - marginLeft - 8) / items.length;
  const common = { width, marginLeft, marginRight: 8, x, color: { type: 'identity' } };
  const top = scaled(band < 26 ? 10 : 30);

  if (rate) figure.append(ratePanel(items, { ...common, height: scaled(RATE_HEIGHT), band }));
  const rects = items.flatMap(item => {
    let at = 0;
    return item.parts.filter(part => part.value > 0).map(part => ({ key: item.key, y1: at, y2: at += part.value, name: part.name, state: item.state }));
  });
  const hatched = d => ['open', 'cut', 'some', 'few'].includes(d.state);
  const word = item => `${item.atLeast ? '≥ ' : ''}${write(item.value)}`;
  const labelled = items.filter(item => item.value > 0 && widthOf(word(item)) + 3 < band);
  const soFar = items.filter(item => item.state === 'open' && item.value > 0 && band >= widthOf('so far') - 8);
  // A label that the dashed line would cross stands above that.
  const pixels = (below - top - foot) / highest;
  const peak = item => (item.before > item.value && (item.before - item.value) * pixels < scaled(item.state === 'open' ? 34 : 20) ? item.before : item.value);
  const picture = plot({
    ...common, height: below, marginTop: top, marginBottom: foot,
    y: { domain: [0, highest], nice: !f.isRate(metric) && !f.isLength(metric) },
    marks: [
      gridY(ticks, { stroke: 'var(--line)', strokeOpacity: 1 }),
      axisY(ticks, { tickFormat: write, tickSize: 0, label: null, fontSize: scaled(LABEL) }),
      axisX(tickKeys(items, dim, band, width), { tickFormat: key => axisWord(dim, key), tickSize: 3, label: null, fontSize: scaled(LABEL) }),
      ...runs(items).map(run => barY(run.keys, { x: d => d, y1: 0, y2: highest, insetLeft: -band * 0.11, insetRight: -band * 0.11, fill: run.words === 'not read' ? 'url(#hatch-none)' : 'var(--soft)' })),
      ...runs(items).filter(run => widthOf(run.words) < run.keys.length * band).map(run =>
        text([run.keys[Math.floor((run.keys.length - 1) / 2)]], { x: d => d, y: highest / 2, dx: run.keys.length % 2 ? 0 : band / 2, text: () => run.words, fontSize: scaled(LABEL), stroke: 'var(--page)', strokeWidth: 4, fill: 'var(--dim)' })),
      barY(rects, { x: 'key', y1: 'y1', y2: 'y2', fill: d => (hatched(d) ? `url(#hatch-${d.name})` : colour(d.name)), stroke: 'var(--page)', strokeWidth: 1 }),
      before(items, band),
      ruleY([0], { stroke: 'var(--edge)' }),
      text(labelled, { x: 'key', y: peak, text: word, dy: -scaled(7), fontSize: scaled(LABEL), stroke: 'var(--page)', strokeWidth: 3, fill: 'var(--ink)' }),
      text(soFar, { x: 'key', y: peak, text: () => 'so far', dy: -scaled(20), fontSize: scaled(11), stroke: 'var(--page)', strokeWidth: 3, fill: 'var(--dim)' }),
    ],
  });
  picture.prepend(hatches([...new Set(rects.map(r => r.name)), 'none']));
  figure.append(picture);
  const scale = picture.scale('x');
  label(picture, `Columns: ${nameOf(metric)}, ${model.title.toLowerCase()}, ${items.length} in all`);
  hits(figure, picture, items.map(item => ({
    x: scale.apply(item.key) - band * 0.1, width: scale.step ?? band, y: 0, height: below - foot, title: item.label, lines: item.lines,
    open: item.args && open && item.value > 0 && (() => open(item)),
  })), { hint });
  return { unfinished: items.some(item => item.state === 'open'), cut: items.some(item => item.state === 'cut'), compared: items.some(item => item.before !== undefined), some: items.some(item => item.atLeast), few: items.some(item => item.state === 'few') };
}

/** The answer rate over the same columns, on a scale of its own. */
function ratePanel(items, { height, band, ...common }) {
  const known = items.filter(item => item.rate !== undefined);
  const word = item => f.percent(item.rate);
  const roomy = known.length && Math.max(...known.map(item => widthOf(word(item)))) + 4 < band;
  const picture = plot({
    ...common, x: { ...common.x, axis: null }, height, marginTop: scaled(18), marginBottom: GAP,
    y: { domain: [0, 1] },
    marks: [
      gridY([0, 0.5, 1], { stroke: 'var(--line)', strokeOpacity: 1 }),
      axisY([0, 0.5, 1], { tickFormat: f.percent, tickSize: 0, label: null, fontSize: scaled(LABEL) }),
      line(items, { x: 'key', y: d => d.rateBefore ?? NaN, stroke: 'var(--ink)', strokeWidth: 1.5, strokeDasharray: '4 3' }),
      line(items, { x: 'key', y: d => d.rate ?? NaN, stroke: colour('answer_rate'), strokeWidth: 2 }),
      dot(known, { x: 'key', y: 'rate', r: band < 12 ? 1.5 : 3, fill: d => (d.state === 'over' && !d.few ? colour('answer_rate') : 'var(--page)'), stroke: colour('answer_rate'), strokeWidth: 1.5 }),
      text(roomy ? known : [], { x: 'key', y: 'rate', text: word, dy: -6, lineAnchor: 'bottom', fontSize: scaled(LABEL), stroke: 'var(--page)', strokeWidth: 3, fill: 'var(--ink)' }),
    ],
  });
  picture.setAttribute('aria-hidden', 'true'); // the columns below tell the rates too
  picture.setAttribute('class', 'rates');
  return h('div', {}, h('div', { class: 'hint', 'aria-hidden': 'true' }, nameOf('answer_rate')), picture);
}

/** The period before, as a dashed line along the tops that its columns would have. */
function before(items, band) {
  const inset = -Math.min(band * 0.08, 6);
  return tickY(items.filter(item => item.before !== undefined), { x: 'key', y: 'before', insetLeft: inset, insetRight: inset, stroke: 'var(--ink)', strokeWidth: 1.75, strokeDasharray: '4 3' });
}

/** Stretches of columns that have no figures, with the word for why. */
function runs(items) {
  const found = [];
  for (const item of items) {
    const words = { unread: 'not read', future: 'to come', folded: 'not shown' }[item.state];
    const last = found.at(-1);
    if (words && last?.words === words && last.open) last.keys.push(item.key);
    else {
      if (last) last.open = false;
      if (words) found.push({ words, keys: [item.key], open: true });
    }
  }
  return found;
}

/** Round figures for the axis: whole calls, and minutes for lengths. */
function ticksOf(metric, highest, height) {
  if (f.isRate(metric)) return [0, 0.25, 0.5, 0.75, 1];
  const steps = f.isLength(metric) ? [1, 5, 10, 15, 30, 60, 120, 300, 600, 1800, 3600, 7200, 36_000] : [1, 2, 5, 10, 20, 25, 50];
  const most = Math.max(2, Math.floor(height / scaled(45)));
  for (let scale = 1; ; scale *= f.isLength(metric) ? 2 : 10) {
    const step = steps.map(s => s * scale).find(s => highest / s <= most);
    if (step) return Array.from({ length: Math.floor(highest / step) + 1 }, (_, i) => i * step);
  }
}

/** The columns that get a label, so that no two touch. */
function tickKeys(items, dim, band) {
  const widest = Math.max(...items.map(item => widthOf(axisWord(dim, item.key)))) + 10;
  let every = Math.ceil(widest / band);
  if (dim === 'hour' && every > 1) every = [2, 3, 4, 6, 12].find(n => n >= every) ?? 12;
  if (dim === 'day' && every > 4) every = Math.ceil(every / 7) * 7;
  return items.map(item => item.key).filter((_, i) => i % every === 0);
}
