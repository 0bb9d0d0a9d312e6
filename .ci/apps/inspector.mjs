// Drives the web client of the MCP Inspector, which has the official bridge and the strictest policy of all hosts.
import { spawn } from 'node:child_process';
import { createServer } from 'node:net';

/** A port of loopback that nobody uses. It is none of those that systems give to connections going out, from 32768 on. */
export const freePort = () => new Promise(found => {
  const port = 10_000 + Math.floor(Math.random() * 22_000);
  const server = createServer().listen(port, '127.0.0.1', () => server.close(() => found(port)));
  server.on('error', () => found(freePort()));
});

/** Starts the Inspector for a server. stop() ends it with all that it started. */
export async function startInspector(launcher, server) {
  const [client, sandbox, origin] = [await freePort(), await freePort(), await freePort()];
  const child = spawn(process.execPath, [launcher, '--web', '--transport', 'http', '--server-url', `${server}/mcp`], {
    env: { ...process.env, CLIENT_PORT: client, MCP_SANDBOX_PORT: sandbox, MCP_APP_ORIGIN_PORT: origin, DANGEROUSLY_OMIT_AUTH: 'true', MCP_AUTO_OPEN_ENABLED: 'false' },
    stdio: ['ignore', 'pipe', 'pipe'], detached: true,
  });
  const stop = () => { try { process.kill(-child.pid); } catch { /* it has ended */ } };
  let said = '';
  await new Promise((up, down) => {
    const hear = chunk => { said += chunk; if (/up and running/.test(said)) up(); };
    child.stdout.on('data', hear);
    child.stderr.on('data', hear);
    child.on('exit', code => down(new Error(`the Inspector ended with ${code}: ${said}`)));
    setTimeout(() => down(new Error(`the Inspector did not start within 180 s: ${said}`)), 180_000).unref();
  });
  return { url: `http://127.0.0.1:${client}/`, stop };
}

/** The views of the Inspector are in frames of these addresses. */
export const views = ['about:srcdoc'];

/** Connects a page to the server. */
export async function connectInspector(page, url) {
  // The Inspector itself wants fonts of the network. They are no business of the view.
  await page.route(/fonts\.(googleapis|gstatic)\.com/, route => route.fulfill({ status: 200, contentType: 'text/css', body: '' }));
  await page.goto(url);
  await page.locator('input[type=checkbox]').first().click({ force: true });
  await page.getByText('Apps', { exact: true }).first().click();
}

/** Opens the app of a tool with arguments, and returns the frame of the view once it shows the answer. */
export async function openApp(page, title, args) {
  // The Inspector shows every message that it passed on, and is slow once there are many.
  await page.getByRole('button', { name: 'Clear', exact: true }).last().click();
  const back = page.getByRole('button', { name: 'Back to Input' });
  if (await back.isVisible()) await back.click();
  await page.getByRole('button', { name: new RegExp(`^${title}`) }).click();
  const json = page.getByRole('switch', { name: 'Edit as JSON' });
  if (!await json.isChecked()) await json.click({ force: true });
  const editor = page.getByRole('textbox', { name: /^Argum/ }).first();
  await editor.focus();
  await page.keyboard.press('Control+A');
  await page.keyboard.insertText(JSON.stringify(args));
  await page.getByRole('button', { name: 'Open App' }).click();
  const inner = page.frameLocator('iframe').frameLocator('iframe');
  await inner.locator('h1, .plain, .error').first().waitFor();
  return page.frames().find(frame => frame.parentFrame()?.parentFrame());
}
