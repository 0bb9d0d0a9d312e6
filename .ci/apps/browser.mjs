// Starts chromium, and watches pages for what a view must never do.
import { chromium } from 'playwright-core';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';

const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

/** Starts the chromium of this machine, with nothing that reaches the network by itself. playwright-core gives it an empty profile. */
export const launch = () => chromium.launch({
  executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
  args: ['--headless', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
    '--disable-component-update', '--disable-sync'],
});

/**
 * Opens a page that remembers errors, violations of a policy, and requests of any frame whose address begins as told.
 * complaints() returns what is wrong so far.
 */
export async function watched(browser, { width = 1400, height = 1000, theme = 'light', scale = 1, views = [] } = {}) {
  const context = await browser.newContext({ viewport: { width, height }, colorScheme: theme, deviceScaleFactor: scale, locale: 'en-US', reducedMotion: 'reduce' });
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
