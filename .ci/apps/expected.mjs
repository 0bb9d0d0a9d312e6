// Holds what stands in a view against the structured answer, with nothing of the page's own code.

const number = (value, options) => new Intl.NumberFormat('en-US', { maximumFractionDigits: 1, ...options }).format(value);
const clock = seconds => {
  const s = Math.round(seconds);
  const two = n => String(n).padStart(2, '0');
  return s >= 3600 ? `${Math.floor(s / 3600)}:${two(Math.floor(s / 60) % 60)}:${two(s % 60)}` : `${Math.floor(s / 60)}:${two(s % 60)}`;
};
const write = (name, value) => (/_rate$|^share$/.test(name) ? number(value, { style: 'percent' }) : /seconds$/.test(name) ? clock(value) : number(value));
const OUTCOMES = ['answered', 'no_answer', 'busy', 'failed', 'unanswered', 'open', 'other'];

const records = s => s.rows.map(row => Object.fromEntries(s.columns.map((name, i) => [name, row[i]])));
const differ = (what, want, got) => (JSON.stringify(want) === JSON.stringify(got) ? [] : [`${what}: want ${JSON.stringify(want)}, got ${JSON.stringify(got)}`]);

/** The bars of a picture hold the values: their sizes are in proportion, to one and a half pixels. */
function sized(seen, values, side) {
  const sizes = seen.marks.filter(m => m.kind === 'bar' && !m.backdrop).map(m => m[side]).sort((a, b) => a - b);
  const want = values.filter(v => v > 0).sort((a, b) => a - b);
  if (sizes.length !== want.length) return [`${want.length} segments have a value, and ${sizes.length} are drawn`];
  const scale = sizes.reduce((a, b) => a + b, 0) / want.reduce((a, b) => a + b, 0);
  return want.flatMap((value, i) => (Math.abs(sizes[i] - value * scale) <= 1.5 ? [] : [`a segment of ${value} is ${sizes[i]} px and should be ${Math.round(value * scale)} px`]));
}

const segments = s => {
  const finer = ['no_answer', 'busy', 'failed'].every(name => s.columns.includes(name));
  return OUTCOMES.filter(name => s.columns.includes(name) && (finer ? name !== 'unanswered' : !['no_answer', 'busy', 'failed'].includes(name)));
};

/** Bars or columns of one dimension. words gives the name that a group has on the page. */
export function oneDimension(s, seen, { side, words = key => key }) {
  const rows = records(s).filter(row => row.calls > 0);
  const wrong = sized(seen, rows.flatMap(row => segments(s).map(name => row[name])), side);
  if (!rows.length) wrong.push('the answer has no rows to draw');
  for (const row of rows) {
    const total = segments(s).reduce((sum, name) => sum + row[name], 0);
    if (total !== row.calls) wrong.push(`the outcomes of ${row[s.columns[0]]} add up to ${total} of ${row.calls}`);
    const name = words(row[s.columns[0]]);
    const place = seen.places.find(p => p.words.startsWith(`${name}: `));
    if (!place) { wrong.push(`no place is named ${name}`); continue; }
    for (const metric of ['calls', ...segments(s), 'answer_rate', 'mean_seconds']) {
      if (typeof row[metric] !== 'number' || (!row[metric] && metric !== 'calls')) continue;
      if (!place.words.split(/: |, /).some(part => part.endsWith(` ${write(metric, row[metric])}`))) wrong.push(`${name} does not tell ${metric} ${write(metric, row[metric])}: ${place.words}`);
    }
    if (side === 'width' && !seen.texts.some(t => t.words.startsWith(`${number(row.calls)}`) && Math.abs((t.y + t.bottom) / 2 - (place.y + place.bottom) / 2) < place.height)) wrong.push(`no label beside ${name} says ${row.calls}`);
  }
  const legend = segments(s).filter(name => s.totals[name] > 0).map(name => number(s.totals[name]));
  for (const n of legend) if (!seen.legend.some(item => item.endsWith(` ${n}`))) wrong.push(`the legend does not tell ${n}: ${seen.legend}`);
  return wrong;
}

/** The cells of a heat map of weekdays and hours. Cells too narrow for their figure tell it by their name alone. */
export function matrix(s, seen, { name = 'Calls', metric = 'calls' } = {}) {
  const wrong = [];
  let n = 0;
  for (const row of s.rows.filter(r => r[0] !== 'all')) {
    for (const [i, column] of s.columns.entries()) {
      if (!i || column === 'all' || !(row[i] > 0)) continue;
      n++;
      const place = seen.places.find(p => p.words.includes(`${column}:00`) && p.words.startsWith(row[0].slice(0, 3)));
      if (place?.words.endsWith(`${name} ${write(metric, row[i])}`) !== true) { wrong.push(`${row[0]} ${column} should say ${row[i]}: ${place?.words}`); continue; }
      const text = seen.texts.filter(t => t.x >= place.x && t.right <= place.right && t.y >= place.y - 2 && t.bottom <= place.bottom + 2).map(t => t.words);
      if (metric === 'calls' || text.length) wrong.push(...differ(`the figure in ${row[0]} ${column}`, [write(metric, row[i])], text));
    }
  }
  return n > 20 ? wrong : [`only ${n} cells have calls`];
}

/** Totals as figures, with their change. */
export function totals(s, seen) {
  const wrong = [];
  if (Object.keys(seen.figures).length < 4) wrong.push(`only these figures are shown: ${Object.keys(seen.figures)}`);
  for (const [name, text] of Object.entries(seen.figures)) wrong.push(...differ(name, write(name, s.totals[name]), text));
  for (const [name, text] of Object.entries(seen.changes)) {
    const value = s.compare.change[name];
    const want = /_rate$/.test(name) ? `${number(value * 100, { signDisplay: 'exceptZero' })} points` : /seconds$/.test(name) ? `${value > 0 ? '+' : value < 0 ? '-' : ''}${clock(Math.abs(value))}` : number(value, { signDisplay: 'exceptZero' });
    if (!text.startsWith(want)) wrong.push(`the change of ${name} is ${want}, not "${text}"`);
  }
  if (s.compare && !seen.changes.calls) wrong.push('no change of calls is shown');
  return wrong;
}

/** The rows of a list of calls: those of the first page of the table, and a dot for each call. */
export function calls(s, seen) {
  const rows = records(s);
  const dots = seen.strokes.filter(m => Math.abs(m.width - m.height) < 1 && m.width > 4).length;
  const wrong = dots === rows.length ? [] : [`${rows.length} calls, but ${dots} dots`];
  if (!seen.rows.length) wrong.push('the table is empty');
  for (const [i, cells] of seen.rows.entries()) {
    const { status, seconds, from, to, agent, sid } = rows[i];
    for (const want of [status, clock(seconds), from, to, agent, sid]) if (!cells.includes(want)) wrong.push(`row ${i + 1} does not say ${want}: ${cells.join(' | ')}`);
  }
  return wrong;
}
