// Draws every shape of answer in replicas of Claude and ChatGPT, in both themes and three widths. The server binary is argv[2],
// sunpeak's program argv[3]. Prints a line for each host, theme and width, and exits with 1 if one failed.
import { spawn } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { accessibility, launch, watched } from './browser.mjs';
import { settled } from './host.mjs';
import { freePort } from './inspector.mjs';
import { flaws, look } from './picture.mjs';
import { startServer } from './server.mjs';
import { coverage, shapesFor } from './shapes.mjs';

const [binary, sunpeak] = process.argv.slice(2);
const shots = process.env.SHOTS;
if (shots) mkdirSync(shots, { recursive: true });

const server = await startServer(binary);
const port = await freePort();
const host = spawn(process.execPath, [sunpeak, 'inspect', '--server', `${server.url}/mcp`, '-p', String(port)], { stdio: ['ignore', 'pipe', 'pipe'], detached: true });
process.on('exit', () => { server.stop(); try { process.kill(-host.pid); } catch { /* it has ended */ } });
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => process.exit(1));
await new Promise((up, down) => {
  let said = '';
  const hear = chunk => { said += chunk; if (said.includes(`:${port}/`)) up(); };
  host.stdout.on('data', hear);
  host.stderr.on('data', hear);
  host.on('exit', code => down(new Error(`sunpeak ended with ${code}: ${said}`)));
  setTimeout(() => down(new Error(`sunpeak did not start within 60 s: ${said}`)), 60_000).unref();
});

const { now } = (await server.call('list_calls', { per_page: 1 })).structuredContent;
const shapes = shapesFor(now);
for (const shape of shapes) shape.result = await server.call(shape.tool, shape.args);

const browser = await launch();
let failed = false;
for (const name of ['claude', 'chatgpt']) {
  for (const theme of ['light', 'dark']) {
    for (const width of ['mobile-s', 'tablet', 'full']) {
      const { page, complaints, close } = await watched(browser, { views: [`http://127.0.0.1:${port}/__sunpeak/read-resource`] });
      // The replica itself wants a font of the network. It is no business of the view.
      await page.route(url => url.hostname !== '127.0.0.1' && url.hostname !== 'localhost', route => route.fulfill({ status: 200, headers: { 'access-control-allow-origin': '*' }, body: '' }));
      const wrong = [];
      const sizes = new Set();
      for (const shape of shapes) {
        try {
          await page.goto(`http://127.0.0.1:${port}/?tool=${shape.tool}&host=${name}&theme=${theme}`);
          await page.locator('select:has(option[value="mobile-s"])').selectOption(width);
          await page.getByTestId('tool-input-textarea').fill(JSON.stringify(shape.args));
          await page.getByRole('button', { name: 'Run', exact: true }).click();
          const frame = await viewOf(page);
          await frame.locator('figure > *').first().waitFor({ timeout: 20_000 });
          await page.waitForTimeout(300);
          await settled(frame);
          const seen = await look(frame);
          sizes.add(seen.width);
          const found = [...coverage(shape.result.structuredContent, seen), ...flaws(seen), ...(width === 'mobile-s' ? [] : shape.check(shape.result.structuredContent, seen)), ...await accessibility(frame)];
          wrong.push(...found.map(w => `${shape.name}: ${w}`));
          if (shots) await page.screenshot({ path: join(shots, `${name}-${shape.name}-${theme}-${width}.png`) });
        } catch (error) {
          wrong.push(`${shape.name}: ${error.stack}`);
        }
      }
      // The empty font that the replica gets instead is its complaint, not one of the view.
      wrong.push(...complaints().filter(w => !/OTS parsing|decode downloaded font/.test(w)));
      await close();
      failed ||= wrong.length > 0;
      console.log(`${wrong.length ? 'FAIL ' : 'ok   '} ${name}, ${theme}, ${[...sizes].join(' and ')} px: ${shapes.length} pictures`);
      for (const line of wrong.slice(0, 12)) console.log(`      ${line}`);
    }
  }
}
await browser.close();
process.exit(failed ? 1 : 0);

/** The frame of the view, once it is there. */
async function viewOf(page) {
  for (const end = Date.now() + 20_000; Date.now() < end; await page.waitForTimeout(50)) {
    const frame = page.frames().find(f => f.url().includes('/__sunpeak/read-resource'));
    if (frame) return frame;
  }
  throw new Error('no view within 20 s');
}
