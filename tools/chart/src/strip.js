// Draws calls along a line of time: how long each was, and what became of it.

import { axisX, axisY, dot, gridY, plot, ruleX, ruleY } from '@observablehq/plot';
import * as f from './format.js';
import { nameOf } from './answer.js';
import { LABEL, colour, h, scaled, widthOf } from './element.js';
import { label } from './bars.js';

const HEIGHT = 104; // scaled

export function strip(figure, model, { width }) {
  const calls = model.calls.filter(call => Number.isFinite(call.at));
  if (calls.length < 2 || !calls.some(call => call.seconds > 0)) return;
  const [first, last] = [Math.min(...calls.map(c => c.at)), Math.max(...calls.map(c => c.at))];
  const longest = Math.max(...calls.map(c => c.seconds), 60);
  const oneDay = f.isoDay(first) === f.isoDay(last);
  const ticks = [...new Set([0, [60, 120, 300, 600, 1800, 3600, 7200].findLast(s => s <= longest) ?? 60])];
  const marginLeft = Math.ceil(Math.max(...ticks.map(t => widthOf(f.length(t))))) + 12;
  const padding = Math.max((last - first) * 0.02, 60_000);
  const write = at => (!oneDay && at % 86_400_000 === 0 ? f.day(at) : f.time(at));
  const place = at => marginLeft + (at - first + padding) / (last - first + 2 * padding) * (width - marginLeft - 8);
  const inside = at => place(at) + widthOf(write(at)) / 2 <= width && place(at) - widthOf(write(at)) / 2 >= 0;
  const picture = plot({
    width, height: scaled(HEIGHT), marginLeft, marginRight: 8, marginTop: 10, marginBottom: scaled(24),
    x: { type: 'utc', domain: [first - padding, last + padding] },
    y: { type: 'sqrt', domain: [0, longest] },
    color: { type: 'identity' },
    marks: [
      gridY(ticks, { stroke: 'var(--line)', strokeOpacity: 1 }),
      axisY(ticks, { tickFormat: f.length, tickSize: 0, label: null, fontSize: scaled(LABEL) }),
      axisX(timeTicks(first, last, width - marginLeft).filter(inside), { tickFormat: at => write(+at), tickSize: 3, label: null, fontSize: scaled(LABEL) }),
      ruleY([0], { stroke: 'var(--edge)' }),
      ruleX(calls.filter(c => c.seconds > 0), { x: 'at', y1: 0, y2: 'seconds', stroke: c => colour(c.outcome), strokeWidth: 2 }),
      dot(calls, { x: 'at', y: 'seconds', r: 3.5, fill: c => (c.outcome === 'answered' ? colour(c.outcome) : 'var(--page)'), stroke: c => colour(c.outcome), strokeWidth: 1.75 }),
    ],
  });
  const words = `${model.calls.length} calls from ${f.dayTime(first)} to ${f.dayTime(last)}, the longest ${f.length(Math.max(...calls.map(c => c.seconds)))}. The table below has them all.`;
  label(picture, words);
  picture.setAttribute('role', 'img');
  figure.append(picture);
  near(figure, picture, calls);
}

/** What became of the calls that are shown, most first. */
export function outcomesOf({ calls }) {
  const counts = new Map();
  for (const { outcome } of calls) counts.set(outcome, (counts.get(outcome) ?? 0) + 1);
  return [...counts].sort((a, b) => b[1] - a[1]).map(([name, n]) => ({ name, text: `${nameOf(name)} ${f.count(n)}` }));
}

/** Moments for the axis, at whole hours or days of the clock, so that no two labels touch. */
function timeTicks(first, last, width) {
  const most = Math.max(2, Math.floor(width / (widthOf(f.time(last)) + 28)));
  const [hour, day] = [3_600_000, 86_400_000];
  const step = [hour / 4, hour / 2, hour, 2 * hour, 3 * hour, 6 * hour, 12 * hour, day, 2 * day, 7 * day, 14 * day, 30 * day, 90 * day, 365 * day].find(s => (last - first) / s <= most - 1) ?? 730 * day;
  const ticks = [];
  for (let at = Math.ceil(first / step) * step; at <= last; at += step) ticks.push(at);
  return ticks.length ? ticks : [first];
}

/** Tells the call that is nearest to the pointer. */
function near(figure, picture, calls) {
  const box = h('div', { class: 'tip', hidden: true, 'aria-hidden': 'true' });
  figure.append(box);
  const x = picture.scale('x');
  picture.addEventListener('pointermove', event => {
    const at = (event.clientX - picture.getBoundingClientRect().left) / (picture.getBoundingClientRect().width / picture.viewBox.baseVal.width);
    const call = calls.reduce((a, b) => (Math.abs(x.apply(a.at) - at) <= Math.abs(x.apply(b.at) - at) ? a : b));
    box.replaceChildren(h('b', {}, f.dayTime(call.at)), h('span', {}, `${call.from} to ${call.to}`), h('span', {}, `${call.status}, ${f.length(call.seconds)}`), h('bdi', {}, call.agent));
    box.hidden = false;
    box.style.left = `${Math.max(0, Math.min(x.apply(call.at) - box.offsetWidth / 2, figure.clientWidth - box.offsetWidth))}px`;
    box.style.top = `${scaled(HEIGHT) + 2}px`;
  });
  picture.addEventListener('pointerleave', () => { box.hidden = true; });
}
