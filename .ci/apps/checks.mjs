// Checks the charts of the server binary in argv[2], in the Inspector whose launcher is argv[3] and in a host of our own.
// Prints a line a check and exits with 1 if one failed.
import { execFileSync, spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { tmpdir } from 'node:os';
import { pathToFileURL } from 'node:url';
import { FAMILIES, accessibility, launch, launchFirefox, watched, withFamily } from './browser.mjs';
import { openView, serveHost, settled } from './host.mjs';
import * as expected from './expected.mjs';
import { connectInspector, openApp, startInspector, views } from './inspector.mjs';
import { flaws, least, look } from './picture.mjs';
import { coverage, shapesFor } from './shapes.mjs';
import * as strange from './strange.mjs';

const [binary, launcher] = process.argv.slice(2);
const shots = process.env.SHOTS;
if (shots) mkdirSync(shots, { recursive: true });

let failed = false;
const stops = [];
const end = () => stops.splice(0).reverse().forEach(stop => stop());
process.on('exit', end);
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => process.exit(1));

/** Starts the server with the demo over HTTP, and asks it as any client does. */
async function startServer(binary, env = {}) {
  const child = spawn(binary, ['-demo', '-transport', 'http', '-addr', '127.0.0.1:0'], { env: { ...process.env, LOG_FORMAT: 'json', ...env }, stdio: ['ignore', 'ignore', 'pipe'] });
  const log = [];
  const url = await new Promise((up, down) => {
    child.on('error', down);
    createInterface({ input: child.stderr }).on('line', line => {
      log.push(line);
      const { msg, addr } = line.startsWith('{') ? JSON.parse(line) : {};
      if (msg === 'serving') up(`http://${addr}`);
    }).on('close', () => down(new Error(`it ended before it served; its log:\n${log.join('\n')}`)));
  });
  let last = 0;
  async function ask(method, params) {
    const response = await fetch(`${url}/mcp`, {
      method: 'POST', headers: { 'content-type': 'application/json', accept: 'application/json, text/event-stream' },
      body: JSON.stringify({ jsonrpc: '2.0', id: ++last, method, params }),
    });
    const text = await response.text();
    const message = JSON.parse(text.startsWith('{') ? text : text.split('\n').filter(line => line.startsWith('data: ')).at(-1).slice(6));
    if (message.error) throw new Error(`${method}: ${message.error.message}`);
    return message.result;
  }
  return {
    url, stop: () => child.kill('SIGKILL'), ask,
    call: (name, args) => ask('tools/call', { name, arguments: args }),
    page: async () => (await ask('resources/read', { uri: 'ui://talkover/calls.html' })).contents[0].text,
  };
}

// ONLY runs the checks whose names fit a pattern.
const only = new RegExp(process.env.ONLY ?? '');

/** Runs one check, which returns what is wrong, or a note as a string. */
async function check(name, run) {
  if (!only.test(name)) return;
  const start = Date.now();
  let found;
  try {
    found = await run();
  } catch (error) {
    found = [error.stack ?? String(error)];
  }
  const wrong = Array.isArray(found) ? found : [];
  if (wrong.length) failed = true;
  console.log(`${wrong.length ? 'FAIL ' : 'ok   '} ${name}${typeof found === 'string' ? `: ${found}` : ''} (${((Date.now() - start) / 1000).toFixed(1)} s)`);
  for (const line of wrong.slice(0, 12)) console.log(`      ${line}`);
}

const server = await startServer(binary);
stops.push(server.stop);
const scratch = mkdtempSync(join(tmpdir(), 'talkover-charts-'));
stops.push(() => rmSync(scratch, { recursive: true, force: true }));
// What fits hangs on the letters, so each picture is drawn with each of two families.
const families = FAMILIES.map(family => ({ family, env: withFamily(family, join(scratch, family.replace(' ', ''))) })).filter(({ env }) => env);
if (families.length < FAMILIES.length) console.log(`not installed, so not drawn with: ${FAMILIES.filter(name => !families.some(f => f.family === name))}`);
const browser = await launch(families[0]?.env);
stops.push(() => browser.close());
const { now } = (await server.call('list_calls', { per_page: 1 })).structuredContent;
const shapes = shapesFor(now);
for (const shape of shapes) shape.result = await server.call(shape.tool, shape.args);


// The first picture comes within this time, in ms. Only the nightly checks, which do nothing beside, set LONG and hold it to what
// a person waits for. The line of each check tells how long it took.
const MOST_DRAWING = process.env.LONG === '1' ? 1500 : 60_000;
const [WIDE, SLIM] = [1900, 1200];
if (only.test('Inspector')) {
  const inspector = await startInspector(launcher, server.url);
  stops.push(inspector.stop);
  const { page, complaints, close } = await watched(browser, { width: WIDE, views });
  await connectInspector(page, inspector.url);
  // The other shapes are drawn in our own host, which is faster.
  for (const { name, title, args, result, check: fits } of shapes.filter(shape => ['agents', 'heat', 'found'].includes(shape.name))) {
    await check(`Inspector, ${name}`, async () => {
      await page.setViewportSize({ width: WIDE, height: 1000 });
      const frame = await openApp(page, title, args);
      const wrong = [];
      let note = '';
      for (const width of [WIDE, SLIM]) {
        await page.setViewportSize({ width, height: 1000 });
        await page.waitForTimeout(300);
        await settled(frame);
        const seen = await look(frame);
        wrong.push(...[...fits(result.structuredContent, seen), ...coverage(result.structuredContent, seen), ...flaws(seen)].map(w => `${seen.width} px: ${w}`));
        if (!(seen.drawn < MOST_DRAWING)) wrong.push(`the first picture took ${seen.drawn} ms`);
        note += `${note ? ', ' : ''}${seen.width} px wide and ${Math.round(seen.height)} high, drawn in ${Math.round(seen.drawn)} ms`;
        if (shots) await page.screenshot({ path: join(shots, `inspector-${name}-${seen.width}.png`) });
      }
      wrong.push(...await accessibility(frame), ...complaints());
      return wrong.length ? wrong : note;
    });
  }
  await check('Inspector, the calls behind a bar', async () => {
    await page.setViewportSize({ width: WIDE, height: 1000 });
    const { title, args, result } = shapes[0];
    const frame = await openApp(page, title, args);
    await frame.locator('.hits rect').first().click();
    await frame.locator('tbody tr, .error, .plain, .message:not([role])').first().waitFor();
    const seen = await look(frame);
    const { columns, rows: [first] } = result.structuredContent;
    const n = first[columns.indexOf('calls')];
    const wrong = seen.title.startsWith(`${first[0]}: ${n} call`) ? [] : [`the title should tell ${first[0]} and ${n} calls: ${seen.title}`];
    await frame.locator('#back').click();
    if ((await look(frame)).places.length !== result.structuredContent.rows.length) wrong.push('the way back does not lead to the bars');
    return [...wrong, ...complaints()];
  });
  await check('Inspector, another figure of a heat map', async () => {
    const { title, args } = shapes.find(shape => shape.name === 'heat');
    const frame = await openApp(page, title, args);
    await frame.locator('#metric-answer_rate').click();
    await frame.locator('.legend', { hasText: 'Answer rate' }).waitFor();
    const rates = await server.call('get_call_stats', { ...args, metrics: ['answer_rate'] });
    const seen = await look(frame);
    const wrong = [...expected.matrix(rates.structuredContent, seen, { name: 'Answer rate', metric: 'answer_rate' }), ...flaws(seen)];
    await frame.locator('#metric-calls').click();
    const { structuredContent } = shapes.find(shape => shape.name === 'heat').result;
    return [...wrong, ...expected.matrix(structuredContent, await look(frame)), ...complaints()];
  });
  await close();
  inspector.stop();
}

const host = await serveHost(await server.page());
stops.push(host.stop);
const { page, complaints } = await watched(browser, { views: [`${host.url}view`] });
const open = options => openView(page, host.url, options);

const measured = { marks: Infinity, texts: Infinity };
const can = { serverTools: {}, message: {} };
const ALL_WIDTHS = [['light', [320, 392, 480, 740, 1200]], ['dark', [740, 320]]];
for (const [nth, { family, env }] of families.entries()) {
  const browser = await launch(env);
  const { page, complaints, close } = await watched(browser, { views: [`${host.url}view`] });
  for (const { name, result, args, check: fits } of [...shapes, ...strange.unfinished(shapes)]) {
    await check(`${name}, in all widths and themes, ${family}`, async () => {
      const wrong = [];
      const view = await openView(page, host.url, { result, args, can, context: { availableDisplayModes: ['inline', 'fullscreen'] } });
      // The letters of the second family change what fits, not the colours.
      for (const [theme, widths] of nth ? [['light', [320, 392, 740]]] : ALL_WIDTHS) {
        await page.evaluate(theme => window.toView({ method: 'ui/notifications/host-context-changed', params: { theme } }), theme);
        for (const width of widths) {
          await page.setViewportSize({ width, height: 600 });
          await settled(view);
          const seen = await look(view);
          for (const [kind, value] of Object.entries(least(seen))) measured[kind] = Math.min(measured[kind], value);
          const found = [...flaws(seen), ...coverage(result.structuredContent, seen), ...(fits && (width >= 740 || name === 'heat' && width > 320) ? fits(result.structuredContent, seen) : [])];
          if (!nth && width === (theme === 'light' ? 320 : 740)) found.push(...await accessibility(view));
          wrong.push(...[...found, ...complaints()].map(w => `${width} px, ${theme}: ${w}`));
          if (shots) await page.screenshot({ path: join(shots, `host-${family.slice(0, 4)}-${name}-${theme}-${width}.png`), clip: { x: 0, y: 0, width, height: Math.min(600, Math.ceil(seen.height)) } });
        }
      }
      return wrong;
    });
  }
  await close();
  await browser.close();
}
await check('contrast', () => (measured.marks >= 3 && measured.texts >= 4.5
  ? `marks at least ${measured.marks}:1, texts at least ${measured.texts}:1` : [`marks ${measured.marks}:1, texts ${measured.texts}:1`]));

await check('sixty answers, each mark of which is a figure', async () => {
  const wrong = [];
  const day = ago => new Date(Date.parse(`${now.slice(4, 14)}T00:00:00Z`) - ago * 86_400_000).toISOString().slice(0, 10);
  await page.setViewportSize({ width: 1000, height: 900 });
  const view = await open({ result: shapes[0].result, can });
  const questions = expected.manyQuestions(day);
  for (const args of questions) {
    const { structuredContent: s, content } = await server.call('get_call_stats', args);
    for (const part of s.rows.length > 3 && !s.compare ? [false, true] : [false]) {
      // The same answer as one that was read in part only.
      const coverage = part ? { ...s.coverage, complete: false, calls_left: 5 } : s.coverage;
      await page.evaluate(result => window.toView({ method: 'ui/notifications/tool-result', params: result }), { content, structuredContent: { ...s, coverage } });
      await settled(view);
      const seen = await look(view);
      wrong.push(...[...expected.equal(s, seen), ...complaints()].map(w => `${JSON.stringify(args.group_by)} ${args.metrics ?? ''} ${args.top ?? ''} ${part ? 'part' : ''} ${w}`));
    }
  }
  return wrong.length ? wrong : `${questions.length} questions`;
});

await page.setViewportSize({ width: 740, height: 600 });
for (const [name, run] of Object.entries(strange.checks)) {
  await check(name, async () => [...await run({ open, page, shapes, settled, look, flaws, accessibility }), ...complaints()]);
}

if (process.env.FIREFOX) {
  await check('firefox, every shape, and on paper', async () => {
    const { page, stop } = await launchFirefox(process.env.FIREFOX, join(scratch, 'firefox'), families.at(-1)?.env);
    stops.push(stop);
    const wrong = [];
    for (const { name, result, args, check: fits } of [...shapes, ...strange.unfinished(shapes)]) {
      await page.setViewportSize({ width: 740, height: 600 });
      const view = await openView(page, host.url, { result, args, can, context: { theme: 'light', availableDisplayModes: ['inline', 'fullscreen'] } });
      for (const [theme, width] of [['light', 740], ['light', 320], ['dark', 1200]]) {
        await page.evaluate(theme => window.toView({ method: 'ui/notifications/host-context-changed', params: { theme } }), theme);
        await page.setViewportSize({ width, height: 600 });
        await settled(view);
        await settled(view);
        const seen = await look(view);
        wrong.push(...[...flaws(seen), ...coverage(result.structuredContent, seen), ...(fits && width >= 740 ? fits(result.structuredContent, seen) : [])].map(w => `${name}, ${width} px, ${theme}: ${w}`));
        if (shots) await page.screenshot({ path: join(shots, `firefox-${name}-${theme}-${width}.png`) });
      }
    }
    await page.setViewportSize({ width: 900, height: 800 });
    await page.goto(pathToFileURL(chartFile()).href);
    await page.evaluate(() => { window.seen = []; addEventListener('beforeprint', () => window.seen.push(document.querySelectorAll('tbody tr').length, getComputedStyle(document.querySelector('.tools')).display)); });
    const pdf = await page.print();
    if (shots) writeFileSync(join(shots, 'firefox.pdf'), pdf);
    const printed = await page.evaluate(() => window.seen);
    if (pdf.length < 5000 || printed[0] !== shapes[0].result.structuredContent.rows.length || printed[1] !== 'none') wrong.push(`on paper: ${pdf.length} bytes, ${printed}`);
    stop();
    return wrong;
  });
}

/** Makes the page of one answer as a file. */
function chartFile() {
  const file = join(scratch, 'chart.html');
  writeFileSync(file, execFileSync(binary, ['chart', '-demo', 'get_call_stats', 'group_by=agent', `date_from=${shapes[0].args.date_from}`, `date_to=${shapes[0].args.date_to}`]));
  return file;
}

await check('chart, from a file', async () => {
  const file = chartFile();
  const { page, complaints, close } = await watched(browser, { width: 900, views: ['file:'] });
  const asked = [];
  page.on('request', request => asked.push(request.url()));
  await page.goto(pathToFileURL(file).href);
  await page.locator('figure svg').waitFor();
  const seen = await look(page.mainFrame());
  const wrong = [...shapes[0].check(shapes[0].result.structuredContent, seen), ...flaws(seen, { most: 1000 }), ...await accessibility(page.mainFrame()), ...complaints()];
  if (asked.length !== 1) wrong.push(`it asked for ${asked}`);
  if (shots) await page.screenshot({ path: join(shots, 'file.png') });
  const pdf = await page.pdf({ printBackground: true });
  if (shots) writeFileSync(join(shots, 'chromium.pdf'), pdf);
  if (await page.evaluate(() => document.documentElement.classList.contains('paper'))) wrong.push('the page still looks like paper after it was printed');
  await close();
  return wrong;
});

if (process.env.IMAGES) {
  mkdirSync(process.env.IMAGES, { recursive: true });
  const sharp = await watched(browser, { width: 740, height: 600, scale: 1.5 });
  for (const [name, theme] of [['days', 'light'], ['heat', 'light']]) {
    const result = structuredClone(shapes.find(shape => shape.name === name).result);
    result.structuredContent.notes = [];
    const view = await openView(sharp.page, host.url, { result, can: { serverTools: {} }, context: { theme, availableDisplayModes: ['inline', 'fullscreen'] } });
    const { height } = await look(view);
    await sharp.page.screenshot({ path: join(process.env.IMAGES, `${name}.png`), clip: { x: 0, y: 0, width: 740, height: Math.floor(height) } });
  }
}

await browser.close();
end();
process.exit(failed ? 1 : 0);
