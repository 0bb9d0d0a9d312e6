// Shows rows as a table that sorts, page by page where there is little room. It is the other form of every picture.

import * as f from './format.js';
import { nameOf, valueWord } from './answer.js';
import { outcomeOf } from './calls.js';
import { h } from './element.js';

/**
 * @param {{columns: string[], rows: unknown[][]}} data
 * @param {{caption: string, perPage: number, state: {sort?: number, down?: boolean, page?: number}, redraw: () => void, more?: Element[]}} options more goes beside the buttons of pages
 */
export function table(data, { caption, perPage, state, redraw, more }) {
  const numeric = data.columns.map((name, i) => name !== 'time' && data.rows.some(row => typeof row[i] === 'number'));
  const rows = sorted(data.rows, state);
  const pages = Math.max(1, Math.ceil(rows.length / perPage));
  state.page = Math.min(state.page ?? 0, pages - 1);
  const shown = rows.slice(state.page * perPage, (state.page + 1) * perPage);
  const sort = i => {
    state.down = state.sort === i ? !state.down : numeric[i];
    Object.assign(state, { sort: i, page: 0 });
    redraw(`sort-${i}`);
  };
  const head = data.columns.map((name, i) => h('th', { scope: 'col', class: numeric[i] && 'number', 'aria-sort': state.sort === i ? (state.down ? 'descending' : 'ascending') : 'none' },
    h('button', { type: 'button', id: `sort-${i}`, onclick: () => sort(i) }, headWord(name), h('span', { 'aria-hidden': 'true' }, state.sort === i ? (state.down ? ' ▼' : ' ▲') : ''))));
  const body = shown.map(row => h('tr', {}, row.map((value, i) => {
    const words = (data.cell ?? cellWords)(data.columns[i], value, row);
    return h(i ? 'td' : 'th', { scope: i ? null : 'row', class: numeric[i] ? 'number' : data.columns[i] === 'agent' && 'agent', title: words.length > 28 ? words.slice(0, 300) : null }, mark(data, row, i), words);
  })));
  const go = by => { state.page += by; redraw(by < 0 ? 'page-back' : 'page-on'); };
  const tabled = h('div', { class: 'tabled', role: 'region', 'aria-label': caption, tabindex: 0 }, h('table', {}, h('caption', {}, caption), h('thead', {}, h('tr', {}, head)), h('tbody', {}, body)));
  tellBeyond(tabled, caption);
  return h('div', { class: 'framed' }, tabled,
    (pages > 1 || more) && h('div', { class: 'pages' }, pages > 1 && [
      h('button', { type: 'button', class: 'alone', id: 'page-back', disabled: state.page === 0, 'aria-label': 'Rows before', onclick: () => go(-1) }, '‹'),
      h('span', { 'aria-live': 'polite' }, `${f.count(state.page * perPage + 1)} – ${f.count(state.page * perPage + shown.length)} of ${f.count(rows.length)}`),
      h('button', { type: 'button', class: 'alone', id: 'page-on', disabled: state.page === pages - 1, 'aria-label': 'Rows after', onclick: () => go(1) }, '›')], more));
}

/** What a spreadsheet takes for a formula, in both widths; a number in E.164 is none. */
const FORMULA = /^[=+\-@＝＋－＠\t\r](?!\d{6,15}$)/;

/** The rows as CSV, with what they rest on as a comment before them. Strangers' words begin no formula. */
export function csv({ columns, rows }, about) {
  const cell = value => {
    const text = String(value ?? '');
    const safe = typeof value === 'string' && FORMULA.test(text) ? `'${text}` : text;
    return /[",\n\r;|]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
  };
  return [`# ${about.replaceAll('"', "'").replaceAll(/\s+/g, ' ')}`, ...[columns, ...rows].map(row => row.map(cell).join(','))].join('\n') + '\n';
}

/** Shows at the edges of a table that more of it lies beyond, and says so. */
function tellBeyond(tabled, caption) {
  const tell = () => {
    const hidden = tabled.scrollWidth - tabled.clientWidth;
    const sides = [tabled.scrollLeft > 1 && 'left', hidden - tabled.scrollLeft > 1 && 'right'].filter(Boolean);
    tabled.parentElement.dataset.beyond = sides.join(' ');
    tabled.setAttribute('aria-label', hidden > 1 ? `${caption}; scrolls sideways` : caption);
  };
  tabled.addEventListener('scroll', tell, { passive: true });
  new ResizeObserver(tell).observe(tabled);
}

/** Rows in the order of a column. What is not known stands last, and "(rest)" always. */
function sorted(rows, { sort, down }) {
  if (sort === undefined) return rows;
  const known = value => typeof value === 'number' || (typeof value === 'string' && value !== '' && value !== '?') || typeof value === 'boolean';
  return [...rows].sort((a, b) => {
    if ((a[0] === '(rest)') !== (b[0] === '(rest)')) return a[0] === '(rest)' ? 1 : -1;
    if (!known(a[sort]) || !known(b[sort])) return Number(known(b[sort])) - Number(known(a[sort]));
    const order = typeof a[sort] === 'number' && typeof b[sort] === 'number' ? a[sort] - b[sort] : String(a[sort]).localeCompare(String(b[sort]));
    return down ? -order : order;
  });
}

const headWord = name => (/^\d\d$/.test(name) ? name : nameOf(name));

/** A cell in words, in the locale and the answer's zone. */
export function cellWords(column, value) {
  if (value === '?' || value === null || value === undefined) return '–';
  if (column === 'test') return value ? 'test' : '';
  if (typeof value === 'boolean') return value ? 'yes' : 'no';
  if (column === 'from_to') return String(value);
  if (column === 'time') return Number.isFinite(f.moment(value)) ? f.dayTime(f.moment(value)) : String(value);
  if (typeof value !== 'number') return valueWord(column.replace(/_before$/, ''), String(value)).replace(/^\(none\)$/, '');
  return column.endsWith('_change') ? f.change(column, value) : f.figure(column, value);
}

/** The colour of a call's outcome, beside its status. */
function mark(data, row, i) {
  if (data.columns[i] !== 'status' || !data.columns.includes('sid')) return null;
  const seconds = row[data.columns.indexOf('seconds')];
  return h('i', { style: `background: var(--${outcomeOf(String(row[i]), seconds)})`, 'aria-hidden': 'true' });
}
