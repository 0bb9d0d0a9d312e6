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
    // Where room is short, both numbers share a cell.
    const all = cells.flatMap(cell => [cell, ...cell.replace(/^(in|out): /, '').split(' to ')]);
    for (const want of [status, clock(seconds), from, to, agent, sid]) if (!all.includes(want)) wrong.push(`row ${i + 1} does not say ${want}: ${cells.join(' | ')}`);
  }
  return wrong;
}

const utc = options => key => new Intl.DateTimeFormat('en-US', { timeZone: 'UTC', ...options }).format(new Date(`${key.length === 7 ? `${key}-01` : key}T00:00:00Z`));
const NAMES = {
  day: utc({ weekday: 'short', month: 'short', day: 'numeric' }), week: key => `Week of ${utc({ month: 'short', day: 'numeric' })(key)}`,
  month: utc({ month: 'short', year: 'numeric' }), hour: key => `${key}:00 – ${key}:59`,
  weekday: key => ({ Mon: 'Monday', Tue: 'Tuesday', Wed: 'Wednesday', Thu: 'Thursday', Fri: 'Friday', Sat: 'Saturday', Sun: 'Sunday' })[key],
};
const nameOf = (dim, key) => (key === '(rest)' ? 'All others' : NAMES[dim]?.(key) ?? key);
const TITLES = { calls: 'Calls', answer_rate: 'Answer rate', missed: 'Missed', unanswered: 'Unanswered', mean_seconds: 'Mean length', median_seconds: 'Median length', answered: 'Answered', contacts: 'Contacts', talk_seconds: 'Talk time', waiting_hours: 'Waiting hours' };

/** The groups of an answer by the names that they have on the page, with the figure that is drawn first. */
function groupsOf(s, by) {
  const groups = new Map();
  const split = by.length === 2 ? by.findIndex(dim => dim === 'status' || dim === 'direction') : -1;
  const ranked = /^(\w+), (?:largest|smallest) first$/.exec(s.order ?? '')?.[1];
  const metric = s.matrix?.metric ?? [...(split < 0 && s.columns.includes(ranked) ? [ranked] : []), 'calls', 'missed', 'answer_rate', 'mean_seconds'].find(name => s.columns.includes(name)) ?? s.columns.slice(by.length).find(name => s.rows.some(row => typeof row[s.columns.indexOf(name)] === 'number'));
  const add = (name, value) => groups.set(name, (groups.get(name) ?? 0) + (value ?? NaN));
  const one = value => (typeof value === 'number' ? value : undefined);
  if (s.matrix) {
    const hour = [s.matrix.rows, s.matrix.columns];
    for (const row of s.rows.filter(r => r[0] !== 'all')) s.columns.slice(1).forEach((column, i) => { if (column !== 'all') add(`${nameOf(hour[0], row[0])}, ${nameOf(hour[1], column)}`, one(row[i + 1])); });
    return { groups, metric };
  }
  for (const row of records(s)) {
    const rest = row[by[0]] === '(rest)';
    const keys = rest ? ['(rest)'] : by.map(dim => row[dim]);
    const names = split >= 0 && !rest ? [nameOf(by[1 - split], keys[1 - split])] : keys.map((key, i) => nameOf(by[i], key));
    add(names.join('\n'), one(row[metric]));
  }
  return { groups, metric };
}

/**
 * Each mark equals a figure of the answer, each figure that has room has its mark, and nothing stands where the answer has
 * nothing: no 0 for what it leaves out.
 */
export function equal(s, seen) {
  const wrong = [];
  const by = s.matrix ? [s.matrix.rows, s.matrix.columns] : s.columns.filter((name, i) => !/_before$/.test(name) && i < 4 && s.rows.every(row => typeof row[i] === 'string' && row[i] !== '?')).slice(0, 2);
  if (!by.length || !s.rows.length) return seen.marks.some(m => !m.backdrop) && !Object.keys(seen.figures).length ? ['marks without a row'] : [];
  const { groups, metric } = groupsOf(s, by);
  const rest = [...groups.keys()].includes('All others');
  const leftOut = rest || s.others > 0;
  const find = title => [...groups.keys()].find(name => [name, name.replace('\n', ' · '), name.replace('\n', ', ')].includes(title));
  const told = new Map();
  const valued = [];
  for (const place of seen.places) {
    const at = place.words.lastIndexOf(': ', Math.max(place.words.indexOf(`${TITLES[metric] ?? ''} `), place.words.indexOf(': not '), 0)) >= 0 ? place.words.search(/: (?=(Calls|Missed|Answer|Unanswered|Mean|Median|Contacts|Talk|No |not |part|to come|[A-Z][a-z ]+ [\d-]))/) : place.words.indexOf(': ');
    const title = place.words.slice(0, at < 0 ? place.words.indexOf(': ') : at);
    const lines = place.words.slice(title.length + 2);
    const name = find(title);
    const figure = new RegExp(`(?:^|, )${TITLES[metric] ?? '[^,]+'} (-?[\\d.,:]+%?)`).exec(lines)?.[1].replace(/[,:]+$/, '');
    if (name === undefined) {
      if (figure !== undefined && !(figure === '0' && !leftOut)) wrong.push(`"${place.words}", but the answer has no such group`);
      if (leftOut && /\b0\b/.test(lines.replace(/\d{1,2}:\d\d/g, ''))) wrong.push(`"${place.words}" tells 0 of what is left out`);
      continue;
    }
    const value = groups.get(name);
    told.set(name, place);
    if (Number.isNaN(value)) { if (figure !== undefined) wrong.push(`"${place.words}", but it is not known`); continue; }
    if (figure !== write(metric, value)) wrong.push(`"${place.words}" should tell ${metric} ${write(metric, value)}`);
    valued.push({ place, value });
  }
  const more = seen.legend.some(words => / more in the table$/.test(words));
  if (!more) for (const [name, value] of groups) if (value > 0 && !told.has(name) && !(name === 'All others' && seen.legend.some(words => words.includes('; the others ')))) wrong.push(`${name.replace('\n', ', ')} has ${value}, and no place`);
  // Lengths of bars within a place, and what each is for one of its figure.
  const middle = m => [(m.x + m.right) / 2, (m.y + m.bottom) / 2];
  const inside = (m, p) => { const [x, y] = middle(m); return x >= p.x - 1 && x <= p.right + 1 && y >= p.y - 1 && y <= p.bottom + 1; };
  const bars = seen.marks.filter(m => m.kind === 'bar' && !m.backdrop);
  for (const m of [...bars, ...seen.marks.filter(m => m.kind === 'cell' && !m.backdrop)]) if (!valued.some(({ place }) => inside(m, place))) wrong.push(`a ${m.kind} at ${middle(m).map(Math.round)} stands where the answer has no figure`);
  if (bars.length) {
    const side = valued.every(({ place }) => place.x === valued[0].place.x) ? 'width' : 'height';
    const sums = valued.map(({ place, value }) => ({ place, value, drawn: bars.filter(m => inside(m, place)).reduce((sum, m) => sum + m[side], 0) }));
    const scale = sums.reduce((a, b) => a + b.drawn, 0) / sums.reduce((a, b) => a + b.value, 0);
    for (const { place, value, drawn } of sums) if (Math.abs(drawn - value * scale) > 2.5) wrong.push(`${place.words.slice(0, 40)}: ${Math.round(drawn)} px for ${value}, where others have ${scale.toFixed(3)} px for 1`);
  }
  if (leftOut && !s.matrix) for (const m of seen.marks.filter(m => m.kind === 'cell' && m.backdrop)) if (!valued.some(({ place }) => inside(m, place))) { wrong.push('a cell of 0 stands for what is left out'); break; }
  if (leftOut && !seen.legend.some(words => /; the others /.test(words))) wrong.push(`the picture does not say what it leaves out: ${seen.legend}`);
  return wrong;
}

/** Over sixty questions, of all dimensions and pairs of them, with few and many groups, figures, filters and windows. */
export function manyQuestions(day) {
  const month = { date_from: day(35), date_to: day(5) };
  const long = { date_from: day(90), date_to: day(1) };
  const single = ['status', 'direction', 'agent', 'contact', 'line', 'day', 'week', 'month', 'weekday', 'hour'].map(d => [d]);
  const pairs = [['agent', 'status'], ['day', 'status'], ['agent', 'day'], ['day', 'hour'], ['weekday', 'hour'], ['contact', 'status'], ['week', 'direction'], ['agent', 'weekday'], ['month', 'agent'], ['direction', 'hour'], ['line', 'status'], ['week', 'hour']];
  return [
    ...single.map(group_by => ({ ...month, group_by })), ...single.map(group_by => ({ ...month, group_by, compare: 'previous_period' })),
    ...pairs.map(group_by => ({ ...month, group_by })), ...pairs.slice(0, 3).map(group_by => ({ ...long, group_by })),
    ...[['answer_rate'], ['median_seconds', 'answered'], ['talk_seconds'], ['missed']].flatMap(metrics => [['agent'], ['day'], ['hour']].map(group_by => ({ ...month, group_by, metrics }))),
    ...['answer_rate', 'missed', 'mean_seconds'].map(metric => ({ ...month, group_by: ['weekday', 'hour'], metrics: [metric] })),
    ...[['day'], ['hour'], ['agent'], ['contact'], ['weekday'], ['agent', 'day'], ['week']].map(group_by => ({ ...month, group_by, top: 3 })),
    ...['answer_rate', 'mean_seconds asc'].flatMap(order => [['agent'], ['hour']].map(group_by => ({ ...month, group_by, order }))),
    { ...month, group_by: ['contact'], order: 'waiting_hours', metrics: ['missed', 'called_back_no_answer', 'waiting_hours'] },
    { ...long, group_by: ['day'], order: 'calls' }, { ...long, group_by: ['day', 'hour'] }, { ...month, group_by: ['day'], min_seconds: 86000 }, { ...month, group_by: ['weekday', 'hour'], min_seconds: 86000 },
  ];
}
