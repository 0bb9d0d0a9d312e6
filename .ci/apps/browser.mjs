// Starts chromium and firefox with the fonts of one kind of machine, and watches pages for what a view must never do.
import { execFileSync, spawn } from 'node:child_process';
import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { basename, join } from 'node:path';
import { createInterface } from 'node:readline';
import { chromium } from 'playwright-core';

const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

/** The families that machines without others have. Their letters differ in width by a tenth, and in height by a sixth. */
export const FAMILIES = ['DejaVu Sans', 'Noto Sans'];

/**
 * Makes the environment in which a browser finds one family alone, with its files of configuration in a folder. It is undefined
 * if the family is not installed.
 */
export function withFamily(family, folder) {
  const filesOf = name => execFileSync('fc-list', ['--format', '%{file}\n', name], { encoding: 'utf8' }).split('\n').filter(Boolean);
  if (!filesOf(family).length) return undefined;
  const files = [family, `${family} Symbols`, `${family} Symbols2`, `${family} Math`].flatMap(filesOf);
  const fonts = join(folder, 'fonts');
  mkdirSync(fonts, { recursive: true });
  for (const file of files) symlinkSync(file, join(fonts, basename(file)));
  const config = join(folder, 'fonts.conf');
  const aliases = ['system-ui', 'sans-serif', 'serif', 'monospace', 'ui-monospace'].map(name => `<alias binding="strong"><family>${name}</family><prefer><family>${family}</family></prefer></alias>`);
  writeFileSync(config, `<?xml version="1.0"?><!DOCTYPE fontconfig SYSTEM "fonts.dtd">
<fontconfig><dir>${fonts}</dir><cachedir>${folder}/cache</cachedir>${aliases.join('')}</fontconfig>`);
  return { FONTCONFIG_FILE: config };
}

/** Starts the chromium of this machine, with nothing that reaches the network by itself. playwright-core gives it an empty profile. */
export const launch = (env = {}) => chromium.launch({
  executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
  args: ['--headless', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
    '--disable-component-update', '--disable-sync'],
  env: { ...process.env, ...env },
});

/**
 * Opens a page that remembers errors, violations of a policy, and requests of any frame whose address begins as told.
 * complaints() returns what is wrong so far.
 */
export async function watched(browser, { width = 1400, height = 1000, theme = 'light', scale = 1, views = [] } = {}) {
  const context = await browser.newContext({ viewport: { width, height }, colorScheme: theme, deviceScaleFactor: scale, locale: 'en-US', reducedMotion: 'reduce' });
  context.setDefaultTimeout(180_000); // what comes is waited for no longer than it takes
  const page = await context.newPage();
  const wrong = [];
  page.on('console', message => { if (message.type() === 'error') wrong.push(`console: ${message.text()} (${message.location().url})`); });
  page.on('pageerror', error => wrong.push(`error: ${error.message}`));
  page.on('request', request => {
    const from = request.frame().url();
    if (!request.isNavigationRequest() && views.some(start => from.startsWith(start))) wrong.push(`request of the view: ${request.url()}`);
  });
  await page.addInitScript(() => addEventListener('securitypolicyviolation', event => console.error(`policy: ${event.violatedDirective} ${event.blockedURI}`)));
  return { page, complaints: () => wrong.splice(0), close: () => context.close() };
}

/** What axe-core finds wrong in a frame, a line a rule. */
export async function accessibility(frame) {
  await frame.evaluate(axe);
  const violations = await frame.evaluate(async () => (await window.axe.run(document, { resultTypes: ['violations'] })).violations
    // The view is a part of a page: headings and landmarks are the host's.
    .filter(v => !['page-has-heading-one', 'region', 'landmark-one-main'].includes(v.id))
    .map(v => `${v.id}: ${v.nodes.map(n => `${n.target} ${n.failureSummary?.split('\n')[1] ?? ''}`).join('; ')}`));
  return violations.map(v => `axe: ${v}`);
}

/**
 * Starts the firefox at a path, in a folder of its own, by WebDriver BiDi, which any firefox speaks. A page of it has what the
 * checks of pictures use: goto, evaluate, frames, setViewportSize, screenshot and print.
 */
export async function launchFirefox(path, folder, env = {}) {
  mkdirSync(folder, { recursive: true });
  const child = spawn(path, ['--headless', '--no-remote', '--remote-debugging-port', '0', '--profile', folder, 'about:blank'], { env: { ...process.env, HOME: folder, MOZ_CRASHREPORTER_DISABLE: '1', ...env }, stdio: ['ignore', 'ignore', 'pipe'] });
  const address = await new Promise((up, down) => {
    createInterface({ input: child.stderr }).on('line', line => { const at = /listening on (ws:\S+)/.exec(line)?.[1]; if (at) up(at); });
    child.on('error', down);
    child.on('exit', code => down(new Error(`firefox ended with ${code}`)));
    setTimeout(() => down(new Error('firefox did not start within 180 s')), 180_000).unref();
  });
  const socket = new WebSocket(`${address}/session`);
  await new Promise((open, failed) => { socket.onopen = open; socket.onerror = failed; });
  const waiting = new Map();
  let last = 0;
  socket.onmessage = ({ data }) => {
    const { id, type, result, message } = JSON.parse(data);
    const asked = waiting.get(id);
    waiting.delete(id);
    if (type === 'error') asked?.down(new Error(message));
    else asked?.up(result);
  };
  const send = (method, params) => new Promise((up, down) => { waiting.set(++last, { up, down }); socket.send(JSON.stringify({ id: last, method, params })); });
  await send('session.new', { capabilities: {} });
  const { contexts: [{ context }] } = await send('browsingContext.getTree', {});
  const evaluate = of => async (run, arg = null) => {
    const { result, exceptionDetails } = await send('script.callFunction', { functionDeclaration: `async arg => JSON.stringify(await (${run})(JSON.parse(arg)) ?? null)`, arguments: [{ type: 'string', value: JSON.stringify(arg) }], awaitPromise: true, target: { context: of } });
    if (exceptionDetails) throw new Error(exceptionDetails.text);
    return JSON.parse(result.value);
  };
  let inner = [];
  const page = {
    evaluate: evaluate(context),
    goto: url => send('browsingContext.navigate', { context, url, wait: 'complete' }),
    setViewportSize: viewport => send('browsingContext.setViewport', { context, viewport }),
    frames: () => [page, ...inner],
    async refresh() { inner = (await send('browsingContext.getTree', { root: context })).contexts[0].children.map(child => ({ evaluate: evaluate(child.context) })); },
    screenshot: async ({ path }) => writeFileSync(path, Buffer.from((await send('browsingContext.captureScreenshot', { context })).data, 'base64')),
    print: async () => Buffer.from((await send('browsingContext.print', { context, background: true })).data, 'base64'),
  };
  return { page, stop: () => { socket.close(); child.kill('SIGKILL'); } };
}
