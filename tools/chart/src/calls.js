// Reads answers that list calls: those of find_calls and list_calls.

import * as f from './format.js';
import { coverageLine, filterWords, partBadge, spanWords } from './coverage.js';

/** The outcome that a call's status belongs to, for its colour and its words. */
const OUTCOMES = {
  completed: 'answered', initiated: 'open', ringing: 'open', 'no-answer': 'no_answer', busy: 'busy', failed: 'failed',
};
/** The outcome of a status; Talkover writes some with _ for -. A call in status answered goes on while it has no length. */
export function outcomeOf(status, seconds) {
  if (status === 'answered') return seconds > 0 ? 'answered' : 'open';
  return OUTCOMES[status.replaceAll('_', '-')] ?? 'other';
}

export function readCalls(s, { tool } = {}) {
  const calls = s.rows.map(row => {
    const call = Object.fromEntries(s.columns.map((name, i) => [name, row[i]]));
    const seconds = typeof call.seconds === 'number' ? call.seconds : 0;
    return { ...call, at: f.moment(call.time), seconds, outcome: outcomeOf(String(call.status), seconds) };
  });
  const total = s.found ?? s.matched;
  const exact = s.found_exact !== false;
  const { first, last } = s;
  const shown = s.rows.length;
  const rows = s.rows.length && first ? `${f.count(first)} – ${f.count(last)} of ${exact ? '' : 'at least '}${f.count(total)}` : `${exact ? '' : 'At least '}${f.count(total)}`;
  const from = f.moment(s.window?.from ?? s.filters?.date_from);
  const to = s.window?.to ? f.moment(s.window.to) : s.filters?.date_to ? f.addDays(f.moment(s.filters.date_to), 1) : NaN;
  const now = f.moment(String(s.now ?? '').replace(/^\w+ /, ''));
  return {
    kind: 'calls', asked: { tool: tool ?? (s.coverage ? 'find_calls' : 'list_calls') }, calls, total, exact,
    title: `${exact ? '' : 'At least '}${f.count(total)} ${total === 1 ? 'call' : 'calls'}${shown && shown < total ? `, ${f.count(shown)} shown` : ''}`,
    some: shown < total,
    when: [spanWords(from, to) || 'The whole log', s.timezone].filter(Boolean).join(' · '), chips: filterWords(s.filters), notes: s.notes ?? [],
    table: { columns: s.columns, rows: s.rows }, next: s.next?.arguments ?? s.next,
    coverage: s.coverage ? coverageLine(s) : `Rows ${rows}, ${s.order}, as of ${f.time(now)}.`,
    rows: s.coverage && rows, badge: s.coverage ? partBadge(s, { now, to }) : '',
  };
}
