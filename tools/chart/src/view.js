// Lays out an answer: title, buttons, picture or table, and what it rests on. Inline it stays under the height that hosts show.

import { bars } from './bars.js';
import { columns } from './columns.js';
import { heat } from './heat.js';
import { totals, totalsTable } from './totals.js';
import { outcomesOf, strip } from './strip.js';
import { csv, table } from './table.js';
import { mixed } from './colours.js';
import { METRICS, leftWords, nameOf } from './answer.js';
import { segmentsOf } from './items.js';
import * as f from './format.js';
import { colour, h, scaled, svg } from './element.js';

/** Claude shows 500 px inline, without a way to scroll; some pixels are for its own rounding. */
const INLINE = 480;
const PAGE = 820;
const ROW = 27;
/** The width below which a table of calls has no column for each number; scaled. */
const NARROW = 700;
/** What a picture gives up for its figures, the least needed first: lines of notes, its legend, then margins. page.css says how. */
const GIVEN_UP = ['', 'notes', 'notes legend', 'notes legend margins'];

export class View {
  /** @param {{host?: object, read?: Function}} with the host to ask, if there is one, and how to read what it answers. */
  constructor(root, { host, read }) {
    Object.assign(this, { root, host, read, context: {}, stack: [], state: {} });
  }

  get model() { return this.stack.at(-1)?.model; }
  get full() { return this.context.displayMode === 'fullscreen'; }
  get page() { return !this.host || this.paper; }

  /** Draws for paper, or for the screen again. */
  print(paper) {
    this.paper = paper;
    this.draw();
  }

  dress(context) {
    this.context = context;
    this.draw();
  }

  /** Shows that an answer is on its way. */
  wait() { this.show({ kind: 'wait' }); }

  /** Shows an answer as the first, in place of all others. */
  show(model) {
    this.stack = [{ model, state: {} }];
    this.draw();
  }

  /** Keeps the picture as wide as the page, and tells its height whenever that changed. */
  watch(tell) {
    let [width, told, waiting] = [0, '', false];
    const measure = () => {
      waiting = false;
      if (width !== this.root.clientWidth) {
        width = this.root.clientWidth;
        this.draw();
      }
      const { style } = document.documentElement;
      const { height } = style;
      style.height = 'max-content';
      const tall = Math.ceil(document.documentElement.getBoundingClientRect().height);
      style.height = height;
      const size = `${document.documentElement.clientWidth} ${tall}`;
      if (size !== told) {
        told = size;
        tell(document.documentElement.clientWidth, tall);
      }
    };
    const soon = () => {
      if (!waiting) requestAnimationFrame(measure);
      waiting = true;
    };
    new ResizeObserver(soon).observe(this.root);
    soon();
  }

  /** How many pixels the whole page may be high. */
  get room() {
    if (this.page) return PAGE;
    if (this.full) return Math.max(window.innerHeight - 8, 400);
    const { maxHeight, height } = this.context.containerDimensions ?? {};
    return Math.max(240, Math.min(INLINE, maxHeight ?? height ?? INLINE));
  }

  draw(focus) {
    const { model } = this;
    if (!model) return;
    this.state = this.stack.at(-1).state;
    focus ??= document.activeElement?.id;
    this.root.setAttribute('aria-busy', model.kind === 'wait');
    try {
      const draw = { stats: this.drawAnswer, calls: this.drawAnswer }[model.kind] ?? this.drawWords;
      draw.call(this, model);
    } catch (error) {
      console.warn(error);
      this.drawWords({ kind: 'text', text: model.text });
    }
    if (focus) document.getElementById(focus)?.focus({ preventScroll: true });
  }

  drawWords(model) {
    const words = model.kind === 'wait' ? h('p', { class: 'message', role: 'status' }, 'Waiting for the calls…')
      : model.kind === 'error' ? h('p', { class: 'error', role: 'alert' }, model.text) : h('pre', { class: 'plain' }, model.text);
    this.root.replaceChildren(this.stack.length > 1 ? this.back() : '', words);
  }

  drawAnswer(model) {
    const legend = h('ul', { class: 'legend' });
    const figure = h('figure', {});
    const below = h('div', {}, model.cost && h('p', { class: 'coverage' }, model.cost), h('p', { class: 'coverage' }, model.coverage), this.notes(model));
    this.root.replaceChildren(...[this.stack.length > 1 && this.back(), this.header(model), legend, figure, below].filter(Boolean));
    const width = Math.floor(this.root.clientWidth - 2 * Number.parseFloat(getComputedStyle(this.root).paddingLeft));
    if (width < 40) return; // not laid out yet
    const fill = room => {
      legend.replaceChildren();
      figure.replaceChildren();
      const options = { figure, legend, width, room };
      return model.kind === 'calls' ? this.fillCalls(model, options) : this.fillStats(model, options);
    };
    const others = () => this.root.offsetHeight - figure.offsetHeight;
    fill(scaled(280));
    // The legend's lines are known now, so the second drawing fits what is left. A picture whose figures would fit if it were
    // higher gets the lines of others, one after the other, until they do.
    for (const given of GIVEN_UP) {
      this.root.dataset.given = given;
      const room = Math.max(110, this.room - others());
      const drawn = fill(room);
      // A table whose buttons take a second line has fewer rows.
      const over = this.root.offsetHeight - this.room;
      if (over > 0 && !drawn) fill(room - over - scaled(ROW));
      if (!drawn?.cramped) return;
    }
    this.root.dataset.given = '';
    fill(Math.max(110, this.room - others()));
  }

  fillStats(model, { figure, legend, width, room }) {
    const metric = this.metric(model);
    if (!(model.calls > 0) && !model.groups.some(g => Object.keys(g.before).length)) {
      figure.append(h('p', { class: 'message' }, 'No calls fit these filters.'));
      return;
    }
    if (this.state.table) {
      figure.append(this.table(model.shape === 'totals' ? totalsTable(model) : model.table, model.title, room));
      return;
    }
    const options = { width, height: Math.min(room, this.full ? 900 : this.page ? 520 : 320), room, open: this.opener(model), hint: this.hint, all: this.full || this.page };
    const drawn = { bars, columns, series: columns, heat }[model.shape]?.(figure, model, metric, options) ?? totals(figure, model, options);
    this.fillLegend(legend, model, metric, drawn);
    if (this.paper) figure.append(h('div', { class: 'printed' }, this.table(model.shape === 'totals' ? totalsTable(model) : model.table, model.title, room)));
    return drawn;
  }

  fillCalls(model, { figure, legend, width, room }) {
    if (!model.calls.length) {
      figure.append(h('p', { class: 'message' }, model.total > 0 ? 'No rows here.' : 'No calls fit these filters.'));
      return;
    }
    strip(figure, model, { width });
    if (model.some) legend.append(h('li', { class: 'hint' }, 'Of the rows shown:'));
    legend.append(...outcomesOf(model).map(o => entry(o.text, { style: `background: ${colour(o.name)}` })));
    figure.append(this.table(callsTable(model.table, width < scaled(NARROW)), model.title, room - figure.offsetHeight, this.more(model)));
  }

  table(data, caption, room, more) {
    const perPage = this.full || this.page ? 500 : Math.max(3, Math.floor((room - scaled(62)) / scaled(ROW)));
    return table(data, { caption, perPage, more, state: this.state, redraw: focus => this.draw(focus) });
  }

  /** The next rows of a list, where the host passes questions on. */
  more(model) {
    const rows = model.rows && h('span', {}, `Rows ${model.rows}`);
    if (!model.next || !this.host?.callsTools) return rows;
    return [rows, h('button', { type: 'button', class: 'alone', id: 'next-rows', onclick: () => this.ask(model.asked.tool, model.next) }, 'Next rows')];
  }

  metric(model) {
    if (!model.metrics.includes(this.state.metric)) this.state.metric = model.metrics[0];
    return this.state.metric;
  }

  /** The figures that buttons offer: those of the answer, or for a matrix those that the host can ask for. */
  choices(model) {
    if (model.kind !== 'stats' || this.state.table || model.shape === 'totals' || !(model.calls > 0)) return [];
    return model.oneFigure && this.host?.callsTools && model.asked.args ? [...new Set([...METRICS, ...model.metrics])] : model.metrics;
  }

  /** Shows another figure. What the answer does not have is asked for once, and kept. */
  async choose(model, metric) {
    const top = this.stack.at(-1);
    if (model.oneFigure) {
      const kept = (model.kept ??= { [model.metrics[0]]: model });
      const args = { ...model.asked.args, metrics: [metric] };
      kept[metric] ??= await this.host.call('get_call_stats', args).then(result => this.read(result, { tool: 'get_call_stats', args: model.asked.args }), error => ({ kind: 'error', text: error.message }));
      if (this.stack.at(-1) !== top) return; // the reader went on meanwhile
      const next = kept[metric];
      if (next.kind !== 'stats') {
        delete kept[metric];
        return this.add(next);
      }
      next.kept = kept;
      top.model = next;
    }
    this.state.metric = metric;
    this.draw();
  }

  header(model) {
    const tools = h('div', { class: 'tools' });
    const metrics = this.choices(model);
    if (metrics.length > 1) tools.append(group('Figure', metrics.map(name => [`metric-${name}`, nameOf(name), this.metric(model) === name, () => this.choose(model, name)])));
    if (model.kind === 'stats' && model.calls > 0) {
      tools.append(group('Form', [['as-chart', 'Chart', !this.state.table, () => { this.state.table = false; this.draw(); }], ['as-table', 'Table', Boolean(this.state.table), () => { this.state.table = true; this.draw(); }]]));
    }
    const tabled = model.kind === 'calls' ? model.calls.length > 0 : this.state.table;
    if (tabled && this.host?.savesFiles) tools.append(h('button', { type: 'button', class: 'alone', id: 'save', onclick: () => this.save(model) }, 'Download CSV'));
    if (this.context.availableDisplayModes?.includes('fullscreen')) {
      tools.append(h('button', { type: 'button', class: 'alone', id: 'full', 'aria-label': this.full ? 'Leave full screen' : 'Full screen', onclick: () => this.showAs(this.full ? 'inline' : 'fullscreen') }, corners(this.full)));
    }
    return h('header', {},
      h('div', {}, h('h1', {}, this.stack.at(-1).title && `${this.stack.at(-1).title}: `, model.title, model.badge && h('span', { class: 'badge' }, model.badge)),
        h('p', { class: 'when' }, model.when, model.chips.map(chip => h('span', { class: 'chip' }, chip)))),
      tools);
  }

  /** Gives the rows to the user as a file. A host may refuse, which it tells the user itself. */
  save(model) {
    const data = model.shape === 'totals' ? totalsTable(model) : model.table;
    return this.host.save('calls.csv', 'text/csv', csv(data, [model.title, model.coverage, ...model.notes].join('. '))).catch(error => console.warn(error));
  }

  async showAs(mode) {
    const answer = await this.host.showAs(mode).catch(() => null);
    if (answer?.mode) this.dress({ ...this.context, displayMode: answer.mode });
  }

  notes({ notes, legend }) {
    const all = legend && this.state.table ? [...notes, legend] : notes;
    if (!all.length) return '';
    if (all.length === 1) return h('p', { class: 'notes' }, h('span', { class: !this.full && !this.page && 'clamp', title: all[0] }, all[0]));
    return h('details', { class: 'notes', open: this.page || this.state.notes, ontoggle: event => { if (this.state.notes !== event.target.open && !this.page) { this.state.notes = event.target.open; this.draw('notes'); } } },
      h('summary', { id: 'notes' }, `${all.length} notes`), h('ul', {}, all.map(note => h('li', {}, note))));
  }

  fillLegend(legend, model, metric, drawn) {
    if (model.shape !== 'heat') {
      for (const s of segmentsOf(model, metric)) legend.append(entry(`${s.text} ${s.atLeast ? '≥ ' : ''}${f.count(s.sum ?? 0)}`, { style: `background: ${colour(s.name)}` }));
    }
    if (drawn.compared && model.compared) legend.append(entry(model.comparedWords, { class: 'dashed' }));
    if (drawn.unfinished) legend.append(entry('so far', { class: 'hatched' }));
    if (drawn.few) legend.append(entry('too few calls to rank', { class: 'hatched' }));
    if (model.peak && (metric === 'peak_concurrent' || model.shape === 'totals')) legend.append(h('li', { class: 'hint' }, `Most at once, ${model.peak}`));
    if (drawn.cut) legend.append(entry('cut by the window', { class: 'hatched' }));
    if (model.part && model.shape !== 'series') legend.append(entry(model.badge.replace(/^\w/, first => first.toLowerCase()), { class: 'hatched' }));
    if (drawn.ramp) {
      const { least, most, metric: name } = drawn.ramp;
      legend.append(entry(`${nameOf(name)}, ${least} to ${most}`, { class: 'ramp', style: `background: linear-gradient(to right, ${mixed(name, 0)}, ${mixed(name, 1)})` }));
    }
    if (drawn.some) legend.append(entry('at least: smaller parts are among the others', { class: 'hatched' }));
    if (drawn.blank) legend.append(entry(model.left ? 'not shown by itself' : 'no calls', { class: 'blank' }));
    if (model.left) legend.append(h('li', { class: 'left' }, leftWords(model.left)));
    if (drawn.more > 0) legend.append(h('li', { class: 'hint' }, `${f.count(drawn.more)} more in the table`));
  }

  get hint() { return this.host?.callsTools ? 'Select to see these calls' : 'Select to ask for these calls'; }

  /** What a click on a bar does: nothing without a host that can ask. */
  opener(model) {
    if (!this.host?.callsTools && !this.host?.takesMessages) return undefined;
    return item => {
      if (this.host.callsTools) return this.ask('find_calls', item.args, item.label);
      return this.host.say(`Show me these calls: find_calls ${JSON.stringify(item.args)}`).catch(error => this.add({ kind: 'error', text: error.message }));
    };
  }

  add(model, title) {
    this.stack.push({ model, state: {}, title });
    this.draw('back');
  }

  /** Asks the host for calls, and shows them over what is there. */
  async ask(tool, args, title) {
    this.add({ kind: 'wait' });
    const level = this.stack.length;
    const model = await this.host.call(tool, args).then(result => this.read(result, { tool, args }), error => ({ kind: 'error', text: error.message }));
    if (this.stack.length !== level || this.model.kind !== 'wait') return; // the reader went back meanwhile
    this.stack.pop();
    this.add(model, title);
  }

  back() {
    return h('button', { type: 'button', class: 'alone', id: 'back', style: 'margin-bottom: 8px', onclick: () => { this.stack.pop(); this.draw(); } }, '‹ Back');
  }
}

/**
 * The rows of calls with what tells them apart first: when, who, what became of them. Where room is short both numbers and the
 * direction share a column.
 */
function callsTable({ columns, rows }, narrow) {
  const at = name => columns.indexOf(name);
  const shared = narrow && ['from', 'to', 'direction'].every(name => at(name) >= 0);
  const first = ['time', 'agent', 'status', 'seconds', ...(shared ? [] : ['from', 'to', 'direction'])].filter(name => at(name) >= 0);
  const others = columns.filter(name => !first.includes(name) && !(shared && ['from', 'to', 'direction'].includes(name)));
  const names = [...first, ...(shared ? ['from_to'] : []), ...others];
  const joined = row => `${row[at('direction')] === 'inbound' ? 'in' : 'out'}: ${row[at('from')]} to ${row[at('to')]}`;
  return { columns: names, rows: rows.map(row => names.map(name => (name === 'from_to' ? joined(row) : row[at(name)]))) };
}

/** The sign of the full screen: two corners that point outwards, or inwards. Fonts often lack it. */
const corners = inwards => svg('svg', { width: 12, height: 12, viewBox: '0 0 12 12', 'aria-hidden': 'true' },
  svg('path', { d: inwards ? 'M11 5H7V1M1 7h4v4M7 5l4-4M5 7l-4 4' : 'M7 1h4v4M5 11H1V7M11 1 7 5M1 11l4-4', fill: 'none', stroke: 'currentcolor', 'stroke-width': 1.4 }));

const entry = (words, mark) => h('li', {}, h('i', { ...mark, 'aria-hidden': 'true' }), words);

/** A row of buttons of which one is pressed. */
const group = (name, buttons) => h('div', { class: 'buttons', role: 'group', 'aria-label': name },
  buttons.map(([id, words, pressed, onclick]) => h('button', { type: 'button', id, 'aria-pressed': String(Boolean(pressed)), onclick }, words)));
