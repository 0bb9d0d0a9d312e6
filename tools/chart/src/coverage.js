// Says in a line what an answer rests on, and in a few words what it is about.

import * as f from './format.js';

/** Reads an end of a window: a day ends after its last moment. */
const endOf = text => (/^\d{4}-\d\d-\d\d$/.test(text ?? '') ? f.addDays(f.moment(text), 1) : f.moment(text));
const MIDNIGHT = 86_400_000;

/** A span of time in words: days where it begins and ends at midnight, else with the time. */
export function spanWords(from, to) {
  const whole = [from, to].every(at => !Number.isFinite(at) || at % MIDNIGHT === 0);
  const write = whole ? f.fullDay : f.dayTime;
  const last = whole ? to - 1 : to;
  if (Number.isFinite(from) && Number.isFinite(to)) return whole ? f.days(from, last) : `${write(from)} – ${write(to)}`;
  if (Number.isFinite(from)) return `since ${write(from)}`;
  if (Number.isFinite(to)) return `until ${write(last)}`;
  return '';
}

export const windowWords = (window, zone) => [spanWords(window.from, window.to) || 'The whole log', zone].filter(Boolean).join(' · ');

/** Whether an answer is about less than what was asked. */
export const isPart = c => c.calls_left !== undefined || (Boolean(c.from) && Boolean(c.asked_from) && f.moment(c.from) > f.moment(c.asked_from));
const calls = n => `${f.count(n)} ${n === 1 ? 'call' : 'calls'}`;

/** The line under every picture. */
export function coverageLine(s) {
  const c = s.coverage;
  const span = spanWords(f.moment(c.from), endOf(c.to));
  const about = !span ? ' of the log' : /^(since|until)/.test(span) ? ` ${span}` : ` of ${span}`;
  const n = calls(c.calls);
  const parts = [
    !c.exact ? `Not exact: ${n}${about}`
      : isPart(c) ? `Exact for ${n}${about} only${c.calls_left === undefined ? '' : `; ${calls(c.calls_left)} are left`}`
      : c.method === 'counts' ? `Exact, counted by Talkover: all ${n}${about}` : `Exact: all ${n}${about}`,
    Number.isFinite(f.moment(c.as_of)) && `as of ${f.time(f.moment(c.as_of))}`,
    c.cached > 0 && `${f.count(c.cached)} cached`,
    c.fields_exact === false && Number.isFinite(f.moment(c.read_at)) && `lengths and numbers as read on ${f.dayTime(f.moment(c.read_at))}`,
    s.test_calls > 0 && `${f.count(s.test_calls)} test ${s.test_calls === 1 ? 'call' : 'calls'}`,
  ];
  const reason = c.reason ? `: ${c.reason}` : '';
  const again = c.ask_again_in_seconds > 0 ? `. Ask again in ${c.ask_again_in_seconds} s for the rest` : '';
  return `${parts.filter(Boolean).join(', ')}${reason}${again}.`;
}

/** What stands beside the title where the answer is about less than all of what was asked. */
export function partBadge(s, window) {
  const c = s.coverage;
  if (!c.exact) return 'Not exact';
  if (isPart(c) && c.from) return `Only since ${f.day(f.moment(c.from))}`;
  if (isPart(c)) return 'Only a part';
  if (window && window.now < window.to) return 'So far';
  return '';
}

const HIDDEN = ['date_from', 'date_to', 'period', 'timezone', 'limit', 'page', 'per_page', 'sort', 'order', 'top', 'metrics', 'group_by', 'compare'];
const NAMES = { min_seconds: 'at least', max_seconds: 'at most', test_calls: 'test calls', agent_id: 'agent' };

/** The filters of an answer, each in a few words. */
export const filterWords = filters => Object.entries(filters ?? {})
  .filter(([name, value]) => !HIDDEN.includes(name) && value !== '' && value !== false)
  .map(([name, value]) => {
    const words = [value].flat().map(one => (name === 'weekdays' ? f.weekdayOf(one) : f.apart(String(one)))).join(', ');
    if (name === 'direction' || name === 'only') return words.replaceAll('_', ' ');
    if (name.endsWith('_seconds')) return `${NAMES[name]} ${f.length(value)}`;
    return `${NAMES[name] ?? name.replaceAll('_', ' ')}: ${words}`;
  });
