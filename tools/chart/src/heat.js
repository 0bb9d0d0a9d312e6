// Draws two dimensions as a heat map: weekdays, days or agents down, hours or days along.

import { axisX, axisY, cell, plot, text } from '@observablehq/plot';
import * as f from './format.js';
import { axisWord, heatPlaces, nameOf, orderedValues, valueWord } from './answer.js';
import { ofMetric } from './behind.js';
import { clipped } from './items.js';
import { LABEL, fitted, lineOf, scaled, widthOf } from './element.js';
import { hits } from './tip.js';
import { label } from './bars.js';
import { mixed, readable } from './colours.js';

/** The least height of a row and the most; both are scaled. */
const LEAST = 7;
const MOST = 34;
/** The sizes of figures, to be tried one after the other, and by how much a line may be higher than its row: letters are less high. */
const LETTERS = [LABEL, 10, 9];
const OVER = 3;
/** The figures of which a group without calls has 0. */
const ADDS_UP = ['calls', 'answered', 'unanswered', 'missed', 'no_answer', 'busy', 'failed', 'open', 'other', 'short_calls', 'talk_seconds', 'talk_minutes', 'withheld'];
/** What the axes take above and below the rows. */
const AXIS = 24;

export function heat(figure, model, metric, { width, height, open, hint }) {
  let { x, y } = heatPlaces(model.dims);
  let across = orderedValues(model, x);
  let down = orderedValues(model, y);
  // A week of hours stands upright where it is narrow, so that its figures can be read.
  if (width < 560 && across.length > down.length) [x, y, across, down] = [y, x, down, across];
  const axis = scaled(AXIS);
  const room = Math.max(4, Math.floor((height - axis) / scaled(LEAST)));
  const rows = down.slice(0, room);
  const word = (place, key) => axisWord(model.dims[place], key);
  const marginLeft = Math.ceil(Math.min(Math.max(...rows.map(key => widthOf(word(y, key)))), width * 0.3)) + 10;
  const size = (width - marginLeft - 2) / across.length;
  const tall = Math.min(scaled(MOST), (height - axis) / rows.length);
  const cells = model.groups.filter(g => !g.rest && rows.includes(g.keys[y]) && across.includes(g.keys[x]) && g.figures[metric] !== undefined)
    .map(g => ({ x: g.keys[x], y: g.keys[y], value: g.figures[metric], group: g }));
  const most = f.isRate(metric) ? 1 : Math.max(...cells.map(c => c.value), 1);
  // No call is no colour; a rate of 0 is a figure like others.
  const drawn = cells.filter(c => c.value > 0 || f.isRate(metric));
  const fill = c => mixed(metric, c.value / most);
  const write = value => f.figure(metric, value);
  // Figures stand in all cells or in none: in the largest letters that fit the rows, and the cells too.
  const fits = letters => Math.max(0, ...cells.map(c => widthOf(write(c.value), letters))) + 2 <= size;
  const letters = LETTERS.find(n => fits(n) && tall + OVER >= lineOf(n));
  const cramped = !letters && fits(LETTERS.at(-1));
  // A cell of the grid says 0. What has no cell in the answer had no call, unless the answer leaves others out; and no call has
  // no rate.
  const none = model.left && !model.oneFigure || !ADDS_UP.includes(metric);
  const grid = rows.flatMap(b => across.map(a => ({ x: a, y: b }))).filter(c => !none || cells.some(known => known.x === c.x && known.y === c.y));
  const widest = Math.max(...across.map(key => widthOf(word(x, key)))) + 8;
  const every = Math.ceil(widest / size);
  const everyRow = Math.ceil(scaled(13) / tall);
  const picture = plot({
    width, height: Math.round(tall * rows.length + axis), marginLeft, marginTop: axis - 4, marginBottom: 4, marginRight: 2,
    x: { type: 'band', domain: across, padding: 0 }, y: { type: 'band', domain: rows, padding: 0 }, color: { type: 'identity' },
    marks: [
      axisX(across.filter((_, i) => i % every === 0), { anchor: 'top', tickFormat: key => word(x, key), tickSize: 0, label: null, fontSize: scaled(LABEL) }),
      axisY(rows.filter((_, i) => i % everyRow === 0), { tickFormat: key => fitted(word(y, key), marginLeft - 8), tickSize: 0, label: null, fontSize: scaled(LABEL) }),
      cell(grid, { x: 'x', y: 'y', inset: 0.5, fill: 'var(--soft)' }),
      cell(drawn, { x: 'x', y: 'y', inset: 0.5, fill }),
      text(letters ? drawn : [], { x: 'x', y: 'y', text: c => write(c.value), fontSize: scaled(letters ?? LABEL), fill: c => readable(metric, c.value / most) }),
    ],
  });
  figure.append(picture);
  label(picture, `Heat map: ${nameOf(metric)}, ${model.title.toLowerCase()}`);
  const [sx, sy] = [picture.scale('x'), picture.scale('y')];
  hits(figure, picture, cells.map(c => {
    const args = ofMetric(model.narrow(c.group.keys), metric);
    return {
      x: sx.apply(c.x), y: sy.apply(c.y), width: sx.bandwidth, height: sy.bandwidth, column: across.indexOf(c.x), row: rows.indexOf(c.y),
      title: model.dims.map((dim, i) => clipped(valueWord(dim, c.group.keys[i]))).join(', '),
      lines: model.metrics.filter(name => c.group.figures[name] !== undefined).map(name => `${nameOf(name)} ${f.figure(name, c.group.figures[name])}`),
      open: args && open && c.value > 0 && (() => open({ label: c.group.label, args })),
    };
  }), { hint });
  return { ramp: { metric, least: write(0), most: write(most) }, more: down.length - rows.length, cramped, blank: grid.length < rows.length * across.length };
}
