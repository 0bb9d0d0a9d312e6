// Answers that no demo gives, hands that use the keyboard, and hosts that can do less.

const copy = value => structuredClone(value);
const found = (ok, words) => (ok ? [] : [words]);
const named = (shapes, name) => shapes.find(shape => shape.name === name);

/** Other people's words that want to be more than words. */
export const HOSTILE = [
  '<script>window.top.hacked=1;window.hacked=1</script>', '<svg onload="window.hacked=1"><img src=x onerror="window.hacked=1">', '</script><script>window.hacked=1</script>',
  '\u202Egnp.exe\u202C', `${'A'.repeat(10_000)}`, 'javascript:window.hacked=1', '"><style>*{display:none}</style>', '{{script}}${1}\\u003cb\\u003e',
];

/** Puts hostile words wherever an answer has words of others. */
function poisoned(result) {
  const r = copy(result);
  const s = r.structuredContent;
  s.rows = s.rows.map((row, i) => row.map((value, j) => (typeof value === 'string' && (j === 0 || s.columns[j] === 'agent' || s.columns[j] === 'status') && s.columns[j] !== 'time' ? HOSTILE[i % HOSTILE.length] : value)));
  while (s.rows.length < HOSTILE.length && s.columns[0] === 'agent') s.rows.push([HOSTILE[s.rows.length], ...s.rows[0].slice(1)]);
  s.notes = [...HOSTILE];
  s.filters = { ...s.filters, agent: HOSTILE[0], search: HOSTILE[4] };
  s.timezone = HOSTILE[1];
  if (s.coverage) s.coverage.reason = HOSTILE[2];
  return r;
}

/** Answers about less than was asked. */
export function unfinished(shapes) {
  const days = copy(named(shapes, 'days').result);
  const s = days.structuredContent;
  delete s.compare;
  const kept = s.columns.map((name, i) => (/_(before|change)$/.test(name) ? -1 : i)).filter(i => i >= 0);
  s.columns = kept.map(i => s.columns[i]);
  s.rows = s.rows.map(row => kept.map(i => row[i]));
  const at = s.columns.indexOf('calls');
  const gone = s.rows.splice(0, 2);
  const from = `${s.rows[0][0]} 00:00`;
  const left = gone.reduce((sum, row) => sum + row[at], 0);
  s.coverage = { ...s.coverage, from, calls_left: left, calls: s.coverage.calls - left, ask_again_in_seconds: 42, reason: 'the plan allows 100 requests a minute' };
  const agents = copy(named(shapes, 'agents').result);
  const t = agents.structuredContent;
  t.coverage = { ...t.coverage, from, calls_left: left };
  return [{ name: 'part of the days', result: days }, { name: 'part by agent', result: agents }];
}

export const checks = {
  'hostile labels are text': async ({ open, page, shapes, look, flaws, accessibility }) => {
    const wrong = [];
    for (const name of ['agents', 'totals', 'found', 'listed', 'days']) {
      for (const width of name === 'agents' ? [740, 320] : [320]) {
        await page.setViewportSize({ width, height: 600 });
        const view = await open({ result: poisoned(named(shapes, name).result), can: { serverTools: {} } });
        const pictures = [await look(view)];
        if (name === 'agents') {
          await view.locator('#as-table').click();
          pictures.push(await look(view));
        }
        for (const seen of pictures) {
          wrong.push(...flaws(seen).map(w => `${name}: ${w.slice(0, 200)}`), ...seen.foreign.map(html => `${name}: an element that is not ours: ${html}`));
          if (name !== 'days' && !JSON.stringify(seen).includes('<script>window.top')) wrong.push(`${name}: the label is not shown as text`);
        }
        wrong.push(...await accessibility(view));
      }
    }
    await page.setViewportSize({ width: 740, height: 600 });
    for (const frame of page.frames()) if (await frame.evaluate(() => window.hacked)) wrong.push('a label ran as script');
    return wrong;
  },

  'a host that saves files gets the rows as CSV': async ({ open, page, shapes }) => {
    const wrong = [];
    const { result } = named(shapes, 'found');
    const rows = result.structuredContent.rows.map(row => row.map(cell => (cell === 'Reception (EN)' ? '=HYPERLINK("x")' : cell)));
    const answer = { ...result, structuredContent: { ...result.structuredContent, rows } };
    const none = await open({ result: answer, can: {} });
    wrong.push(...found(await none.locator('#save').count() === 0, 'a host that saves no files gets a button'));
    const view = await open({ result: answer, can: { downloadFile: {} } });
    await view.locator('#save').click();
    const asked = await page.waitForFunction(() => window.heard.find(m => m.method === 'ui/download-file')).then(m => m.jsonValue());
    const { uri, mimeType, text } = asked.params.contents[0].resource;
    const lines = text.trimEnd().split('\n');
    wrong.push(...found(uri === 'file:///calls.csv' && mimeType === 'text/csv', `${uri} is ${mimeType}`),
      ...found(lines[0].startsWith('# ') && lines.length === rows.length + 2, `${lines.length} lines for ${rows.length} rows: ${lines[0]}`),
      ...found(!/(^|,)"?=/m.test(text) && text.includes("'=HYPERLINK"), 'a label begins a formula'));
    return wrong;
  },

  'an answer that is partial looks it': async ({ open, shapes, look }) => {
    const wrong = [];
    for (const { name, result } of unfinished(shapes)) {
      const seen = await look(await open({ result }));
      wrong.push(...found(/^Only since /.test(seen.badge), `${name}: the badge says "${seen.badge}"`), ...found(/only; .* left.*Ask again in 42 s/.test(seen.coverage) || name !== 'part of the days', `${name}: ${seen.coverage}`));
      if (name === 'part of the days') wrong.push(...found(seen.texts.some(t => t.words === 'not read'), 'the days that were not read should say so'));
      else wrong.push(...found(seen.marks.every(m => m.hatched), 'bars of a part should be hatched'));
    }
    return wrong;
  },

  'buttons switch the figure and the form, and the table sorts': async ({ open, shapes, look, settled }) => {
    const { result } = named(shapes, 'agents');
    const s = result.structuredContent;
    const view = await open({ result });
    const wrong = [];
    for (const metric of ['answer_rate', 'mean_seconds']) {
      await view.locator(`#metric-${metric}`).click();
      const seen = await look(view);
      const values = s.rows.map(row => row[s.columns.indexOf(metric)]).filter(v => v > 0).sort((a, b) => a - b);
      const sizes = seen.marks.map(m => m.width).sort((a, b) => a - b);
      const most = metric === 'answer_rate' ? 1 : values.at(-1);
      const scale = sizes.at(-1) / (values.at(-1) / most);
      wrong.push(...found(values.length === sizes.length && values.every((v, i) => Math.abs(v / most * scale - sizes[i]) < 2), `bars of ${metric}: ${sizes} for ${values}`));
    }
    await view.locator('#as-table').click();
    await view.locator('#sort-0').click();
    const names = (await look(view)).rows.map(row => row[0]);
    wrong.push(...found(names.join() === [...names].sort((a, b) => a.localeCompare(b)).join(), `not sorted by name: ${names}`));
    const calls = s.columns.indexOf('calls');
    await view.locator(`#sort-${calls}`).click();
    await settled(view);
    const seen = await look(view);
    const numbers = seen.rows.map(row => Number(row[calls].replaceAll(',', '')));
    wrong.push(...found(seen.sorted[calls] === 'descending' && numbers.every((n, i) => !i || n <= numbers[i - 1]), `not sorted by calls: ${numbers}, ${seen.sorted}`));
    wrong.push(...found(seen.rows.length === s.rows.length, `${seen.rows.length} of ${s.rows.length} rows`));
    return wrong;
  },

  'the keyboard reaches every bar, and opens the calls behind one': async ({ open, page, shapes, look }) => {
    const { result } = named(shapes, 'agents');
    const answers = { find_calls: named(shapes, 'found').result };
    const view = await open({ result, can: { serverTools: {} }, answers });
    const wrong = [];
    for (let i = 0; i < 20 && !await view.evaluate(() => document.activeElement.closest('.hits')); i++) await page.keyboard.press('Tab');
    const names = [];
    for (let i = 0; i < result.structuredContent.rows.length; i++) {
      names.push(await view.evaluate(() => document.activeElement.getAttribute('aria-label')));
      await page.keyboard.press('ArrowDown');
    }
    wrong.push(...found(new Set(names).size === result.structuredContent.rows.length, `the arrow keys reach only ${new Set(names).size} bars: ${names}`));
    await page.keyboard.press('Enter');
    await view.locator('tbody tr').first().waitFor();
    const asked = await page.evaluate(() => window.heard.filter(m => m.method === 'tools/call').map(m => m.params));
    const last = result.structuredContent.rows.at(-1)[0];
    wrong.push(...found(asked.length === 1 && asked[0].name === 'find_calls' && asked[0].arguments.agent === last && asked[0].arguments.date_from === named(shapes, 'agents').args.date_from,
      `the call behind ${last} was ${JSON.stringify(asked)}`));
    wrong.push(...found(await view.evaluate(() => document.activeElement.id) === 'back', 'the way back should have the focus'));
    await page.keyboard.press('Enter');
    wrong.push(...found((await look(view)).places.length === result.structuredContent.rows.length, 'the way back does not lead to the bars'));
    return wrong;
  },

  'a host that calls no tools gets a message instead, and one that can do neither gets no buttons': async ({ open, page, shapes, look }) => {
    const { result } = named(shapes, 'agents');
    const view = await open({ result, can: { message: {} } });
    await view.locator('.hits rect').first().click();
    await page.waitForFunction(() => window.heard.some(m => m.method === 'ui/message'));
    const { content } = await page.evaluate(() => window.heard.find(m => m.method === 'ui/message').params);
    const wrong = found(content[0].text.includes('find_calls {') && content[0].text.includes(JSON.stringify(result.structuredContent.rows[0][0])), `the message is ${content[0].text}`);
    const alone = await look(await open({ result }));
    return [...wrong, ...found(alone.places.length > 0 && alone.places.every(p => p.role === 'img'), 'bars should be no buttons where nothing happens')];
  },

  'full screen is asked for, and shows more': async ({ open, page, shapes, look, settled }) => {
    await page.setViewportSize({ width: 1000, height: 900 });
    const view = await open({ result: named(shapes, 'found').result, context: { availableDisplayModes: ['inline', 'fullscreen'] } });
    const before = (await look(view)).rows.length;
    await view.locator('#full').click();
    await page.waitForFunction(() => window.heard.some(m => m.method === 'ui/request-display-mode'));
    await settled(view);
    const after = await look(view);
    await page.setViewportSize({ width: 740, height: 600 });
    return found(after.rows.length === named(shapes, 'found').result.structuredContent.rows.length && after.rows.length > before, `${after.rows.length} rows, before ${before}`);
  },

  'numbers in the locale of the host, times in the zone of the answer': async ({ open, shapes, look }) => {
    const result = copy(named(shapes, 'totals').result);
    result.structuredContent.totals.calls = 1234567;
    const german = await look(await open({ result, context: { locale: 'de-DE', timeZone: 'Asia/Tokyo' } }));
    const wrong = found(german.figures.calls === '1.234.567', `German: ${german.figures.calls}`);
    const odd = await look(await open({ result, context: { locale: '<b>x' } }));
    wrong.push(...found(/^1.234.567$/.test(odd.figures.calls), `an unknown locale: ${odd.figures.calls}`));
    const listed = copy(named(shapes, 'listed').result);
    listed.structuredContent.rows[0][0] = '2026-11-05 23:59';
    const berlin = await look(await open({ result: listed, context: { locale: 'de-DE', timeZone: 'Asia/Tokyo' } }));
    return [...wrong, ...found(berlin.rows[0][0].includes('23:59'), `the time moved to another zone: ${berlin.rows[0][0]}`)];
  },

  'errors, cancellations and unknown answers are told in words': async ({ open, page, look, settled }) => {
    const wrong = [];
    const failure = await open({ result: { isError: true, content: [{ type: 'text', text: 'Talkover answered 401.\nUse <b>another</b> token. '.repeat(6) }] } });
    wrong.push(...found((await look(failure)).text.includes('Talkover answered 401.'), 'the error is not shown'));
    await page.evaluate(() => window.toView({ method: 'ui/notifications/tool-cancelled', params: { reason: 'by the user' } }));
    await settled(failure);
    wrong.push(...found((await look(failure)).text.includes('cancelled: by the user'), 'the cancellation is not shown'));
    for (const structuredContent of [undefined, { totals: {}, coverage: {} }, { columns: ['time'], rows: [[null], []] }, { totals: { calls: 3 }, coverage: { exact: true, calls: 3 }, columns: ['day', 'calls'], rows: [['never', '?'], [null, 3]] }]) {
      const view = await open({ result: { structuredContent, content: [{ type: 'text', text: `plain words\n${'of the answer\n'.repeat(6)}` }] } });
      const seen = await look(view);
      wrong.push(...found(seen.text.trim().length > 10 && !/Waiting|undefined|NaN|\[object/.test(seen.text), `for ${JSON.stringify(structuredContent)} the page says ${seen.text.slice(0, 200)}`));
    }
    return wrong;
  },

  'the host is answered, and strangers are not heard': async ({ open, page, shapes, look }) => {
    const view = await open({ result: named(shapes, 'agents').result });
    await page.evaluate(() => { window.toView({ id: 'p', method: 'ping' }); window.toView({ id: 't', method: 'ui/resource-teardown', params: {} }); window.toView({ id: 'u', method: 'ui/nonsense' }); });
    await page.waitForFunction(() => ['p', 't', 'u'].every(id => window.heard.some(m => m.id === id)));
    const answers = await page.evaluate(() => Object.fromEntries(window.heard.filter(m => 'put'.includes(m.id)).map(m => [m.id, m.result ?? m.error.code])));
    const wrong = found(JSON.stringify(answers) === '{"p":{},"t":{},"u":-32601}', `answers: ${JSON.stringify(answers)}`);
    await view.evaluate(() => window.postMessage({ jsonrpc: '2.0', method: 'ui/notifications/tool-result', params: { isError: true, content: [{ type: 'text', text: 'forged' }] } }, '*'));
    await view.evaluate(() => new Promise(done => setTimeout(done, 50)));
    return [...wrong, ...found(!(await look(view)).text.includes('forged'), 'a message that is not the host\'s was heard')];
  },

  'bars show the period before, and the table the change': async ({ open, shapes, look, settled }) => {
    const result = copy(named(shapes, 'agents').result);
    const s = result.structuredContent;
    s.columns.splice(2, 0, 'calls_before', 'calls_change');
    s.rows = s.rows.map((row, i) => [...row.slice(0, 2), row[1] + i + 1, -i - 1, ...row.slice(2)]);
    s.compare = { with: 'previous_period', from: '2026-10-01 00:00', to: '2026-10-07 24:00', cut: false, totals: {}, change: {}, percent: {} };
    const view = await open({ result });
    const seen = await look(view);
    const dashes = seen.strokes.filter(m => m.width < 4 && m.height > 10).length;
    await view.locator('#as-table').click();
    await settled(view);
    const { head } = await look(view);
    return [...found(dashes === s.rows.length, `${dashes} dashed lines for ${s.rows.length} agents`), ...found(seen.legend.some(words => words.includes('Oct 1')), `the legend does not name the period before: ${seen.legend}`),
      ...found(head.some(words => /change/.test(words)), `the table has no change: ${head}`)];
  },

  'a table of calls has the agent whole at 640 px, says that it scrolls, and counts what it shows': async ({ open, page, shapes, look }) => {
    await page.setViewportSize({ width: 640, height: 600 });
    const result = copy(named(shapes, 'found').result);
    const s = result.structuredContent;
    const view = await open({ result });
    const seen = await look(view);
    const cut = await view.evaluate(() => [...document.querySelectorAll('td.agent')].filter(td => td.scrollWidth > td.clientWidth || td.getBoundingClientRect().right > innerWidth).length);
    const [beyond, label] = await view.evaluate(() => [document.querySelector('.framed').dataset.beyond, document.querySelector('.tabled').getAttribute('aria-label')]);
    const wrong = [...found(seen.head[1] === 'Agent' && !cut, `columns ${seen.head}, ${cut} agents are cut`), ...found(beyond === 'right' && /scrolls sideways/.test(label), `nothing tells that the table goes on: ${beyond}, ${label}`),
      ...found(seen.title.endsWith(`${s.rows.length} shown`) && /shown/.test(seen.legend[0]), `the title is ${seen.title}, the legend ${seen.legend}`)];
    s.rows = s.rows.map(row => row.map((value, i) => (s.columns[i] === 'seconds' ? 0 : value)));
    const silent = await look(await open({ result }));
    await page.setViewportSize({ width: 740, height: 600 });
    return [...wrong, ...found(silent.strokes.length === 0, 'calls of no length have a strip of lengths')];
  },

  'on paper there is ink on white, every row, and nothing to press': async ({ open, page, shapes, settled }) => {
    const view = await open({ result: named(shapes, 'heat').result, context: { theme: 'dark', styles: { variables: { '--color-background-primary': '#101418', '--color-text-primary': '#eeeeee' } } } });
    const state = () => view.evaluate(() => ({ page: getComputedStyle(document.body).backgroundColor, buttons: [...document.querySelectorAll('.tools, .pages')].filter(e => getComputedStyle(e).display !== 'none').length,
      rows: document.querySelectorAll('tbody tr').length, head: [...document.querySelectorAll('thead')].map(e => getComputedStyle(e).display)[0], adjust: [...document.querySelectorAll('.legend i')].map(e => getComputedStyle(e).printColorAdjust)[0] }));
    await view.evaluate(() => dispatchEvent(new Event('beforeprint')));
    const paper = await state();
    await view.evaluate(() => dispatchEvent(new Event('afterprint')));
    await settled(view);
    const screen = await state();
    return [...found(paper.page === 'rgb(255, 255, 255)' && screen.page === 'rgb(16, 20, 24)', `backgrounds ${paper.page} and ${screen.page}`), ...found(paper.buttons === 0 && screen.buttons > 0, `${paper.buttons} groups of buttons on paper`),
      ...found(paper.rows === named(shapes, 'heat').result.structuredContent.rows.length && paper.head === 'table-header-group' && paper.adjust === 'exact', JSON.stringify(paper))];
  },

  'letters of the browser, words from right to left, and digits of other locales': async ({ open, page, shapes, look, flaws, settled }) => {
    const wrong = [];
    const result = copy(named(shapes, 'agents').result);
    result.structuredContent.rows[0][0] = '\u05d0\u05d1\u05d2 (1)';
    const view = await open({ result, context: { locale: 'ar-EG' } });
    const arabic = await look(view);
    wrong.push(...found(!/[\u0660-\u0669\u06f0-\u06f9]/.test(JSON.stringify(arabic)), 'digits of two kinds are mixed'), ...found(arabic.places.some(p => p.words.startsWith('\u2068\u05d0\u05d1\u05d2 (1)\u2069: ')), 'a label from right to left is not kept apart'));
    await view.evaluate(() => { document.documentElement.style.fontSize = '175%'; document.getElementById('view').style.paddingLeft = '13px'; });
    await page.setViewportSize({ width: 741, height: 600 });
    await settled(view);
    const large = await look(view);
    const height = seen => Math.min(...seen.texts.map(t => t.bottom - t.y));
    wrong.push(...found(height(large) > 1.7 * height(arabic), `letters of ${height(arabic)} px became ${height(large)} px where readers set them twice as large`), ...flaws(large));
    await page.setViewportSize({ width: 740, height: 600 });
    const german = await look(await open({ result: named(shapes, 'heat').result, context: { locale: 'de-DE' } }));
    return [...wrong, ...found(german.texts.some(t => t.words === 'Mo') && !german.texts.some(t => t.words === 'Mon'), 'weekdays are in two languages')];
  },

  'bars stand as the answer ranks them, those of too few calls after them and hatched': async ({ open, shapes, look }) => {
    const result = copy(named(shapes, 'agents').result);
    const s = result.structuredContent;
    const at = s.columns.indexOf('answer_rate');
    const rows = s.rows.filter(row => row[0] !== '(rest)').sort((a, b) => a[at] - b[at]);
    // The worst of all has too few calls, so it follows the others.
    s.rows = [...rows.slice(1), rows[0]];
    Object.assign(s, { order: 'answer_rate, smallest first', ranked: rows.length - 1 });
    const view = await open({ result });
    const seen = await look(view);
    const wrong = [...found(seen.places.map(p => p.words.split(': ')[0]).join() === s.rows.map(row => row[0]).join(), `the order is ${seen.places.map(p => p.words)}`),
      ...found(seen.marks.filter(m => m.hatched).length === 1 && seen.marks.at(-1).hatched, `hatched: ${seen.marks.map(m => m.hatched)}`),
      ...found(seen.legend.includes('too few calls to rank') && seen.places.at(-1).words.includes('too few calls to rank'), `nothing says why: ${seen.legend}`)];
    await view.locator('#metric-mean_seconds').click();
    const other = await look(view);
    wrong.push(...found(other.places.at(-1).words.startsWith(`${rows[0][0]}: `), `by another figure it ranks: ${other.places.map(p => p.words)}`));
    s.columns[at] = 'waiting_hours';
    s.order = 'waiting_hours, smallest first';
    const waiting = await look(await open({ result }));
    return [...wrong, ...found(waiting.marks.every(m => m.contrast >= 3) && /Waiting hours/.test(waiting.places[0].words), 'a figure without a colour of its own is not drawn first')];
  },

  'a click takes the filters that the answer names': async ({ open, page, shapes }) => {
    const result = copy(named(shapes, 'agents').result);
    const s = result.structuredContent;
    s.filters = { ...s.filters, whatever: 'kept' };
    s.next = { tool: 'find_calls', arguments: { ...s.next.arguments, whatever: 'kept', who: s.rows[0][0] } };
    delete s.next.arguments.agent;
    const ask = async (answer, which) => {
      const view = await open({ result: answer, can: { serverTools: {} }, answers: { find_calls: named(shapes, 'found').result } });
      await view.locator('.hits rect').nth(which).click();
      return page.evaluate(() => window.heard.filter(m => m.method === 'tools/call').map(m => m.params.arguments)[0]);
    };
    const asked = await ask(result, 1);
    const cell = await ask(named(shapes, 'heat').result, 40);
    return [...found(asked?.who === s.rows[1][0] && asked.whatever === 'kept' && !('agent' in asked), `asked for ${JSON.stringify(asked)}`), ...found(cell?.weekdays?.length === 1 && /^\d+-\d+$/.test(cell.hours), `the cell asked for ${JSON.stringify(cell)}`)];
  },

  'the theme follows the host': async ({ open, page, shapes, look, settled }) => {
    const view = await open({ result: named(shapes, 'agents').result, context: { theme: 'light' } });
    const light = await look(view);
    await page.evaluate(() => window.toView({ method: 'ui/notifications/host-context-changed', params: { theme: 'dark', styles: { variables: { '--color-background-primary': 'light-dark(#ffffff, #101418)' } } } }));
    await settled(view);
    const dark = await look(view);
    return [...found(light.page === 'rgb(255, 255, 255)' && dark.page === 'rgb(16, 20, 24)', `backgrounds ${light.page} and ${dark.page}`), ...found(light.marks[0].fill !== dark.marks[0].fill, 'the colours of the bars stayed')];
  },
};
