// The shapes of answers: what to ask, and what the picture of the answer must hold.
import * as expected from './expected.mjs';

const utc = options => text => new Intl.DateTimeFormat('en-US', { timeZone: 'UTC', ...options }).format(new Date(`${text}T00:00:00Z`));
const dayName = utc({ weekday: 'short', month: 'short', day: 'numeric' });
const hourName = hour => `${hour}:00 – ${hour}:59`;

/** The days of the demo, counted back from its own. */
export function shapesFor(now) {
  const day = ago => new Date(Date.parse(`${now.slice(4, 14)}T00:00:00Z`) - ago * 86_400_000).toISOString().slice(0, 10);
  const week = { date_from: day(8), date_to: day(2) };
  const stats = (name, args, check, more = {}) => ({ name, tool: 'get_call_stats', title: 'Call statistics', args, check, ...more });
  return [
    stats('agents', { ...week, group_by: ['agent'] }, (s, seen) => expected.oneDimension(s, seen, { side: 'width' })),
    stats('hours', { ...week, group_by: ['hour'] }, (s, seen) => expected.oneDimension(s, seen, { side: 'height', words: hourName })),
    stats('days', { date_from: day(6), date_to: day(-1), group_by: ['day'], compare: 'previous_period' }, (s, seen) => [
      ...expected.oneDimension(s, seen, { side: 'height', words: dayName }),
      ...(seen.badge === 'So far' && seen.legend.includes('so far') ? [] : [`an unfinished window should say so: ${seen.badge} ${seen.legend}`]),
      ...(seen.texts.some(t => t.words === 'so far') && seen.marks.some(m => m.hatched && !m.backdrop) ? [] : ['the day that is not over should be hatched, and say "so far"']),
      ...(seen.strokes.filter(m => m.height < 4 && m.width > 10).length >= 7 ? [] : ['the period before should be dashed over each day']),
    ]),
    stats('heat', { date_from: day(35), date_to: day(1), group_by: ['weekday', 'hour'] }, expected.matrix),
    stats('totals', { ...week, compare: 'previous_period' }, expected.totals),
    { name: 'found', tool: 'find_calls', title: 'Find calls', args: { ...week, min_seconds: 60 }, check: expected.calls },
    { name: 'listed', tool: 'list_calls', title: 'List calls', args: { per_page: 20 }, check: expected.calls },
  ];
}

/** Every picture says what it rests on. */
export function coverage(s, seen) {
  if (!s.coverage) return /Rows 1 – \d+ of/.test(seen.coverage) ? [] : [`no word of the rows: ${seen.coverage}`];
  const n = new Intl.NumberFormat('en-US').format(s.coverage.calls);
  const word = !s.coverage.exact ? 'Not exact' : s.coverage.calls_left === undefined ? 'Exact' : 'Exact for';
  return seen.coverage.startsWith(word) && seen.coverage.includes(`${n} call`) ? [] : [`the line of coverage should begin with ${word} and tell ${n}: ${seen.coverage}`];
}
