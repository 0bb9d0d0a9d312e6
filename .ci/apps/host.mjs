// A host of our own, for what the Inspector cannot be told: any answer, width, theme and set of capabilities. It shows the page
// in a sandboxed frame under the policy of the strictest host.
import { createServer } from 'node:http';

const POLICY = "default-src 'none'; script-src 'self' 'unsafe-inline'; style-src 'self' 'unsafe-inline'; img-src 'none'";

/** Serves the page in a frame. */
export async function serveHost(html) {
  const server = createServer((request, response) => {
    response.setHeader('content-type', 'text/html; charset=utf-8');
    if (request.url === '/view') {
      response.setHeader('content-security-policy', POLICY);
      response.end(html);
    } else if (request.url === '/') {
      response.end('<!doctype html><html lang="en"><title>host</title><link rel="icon" href="data:,"><body style="margin:0"><iframe title="view" sandbox="allow-scripts" style="border:0;width:100%;height:100px"></iframe>');
    } else {
      response.writeHead(404).end();
    }
  });
  await new Promise(up => server.listen(0, '127.0.0.1', up));
  return { url: `http://127.0.0.1:${server.address().port}/`, stop: () => server.close() };
}

/**
 * Opens the view with an answer, and waits until it has told its height. heard holds what the view said to the host.
 * @param {{result: object, args?: object, can?: object, context?: object, answers?: object}} with what the host sends, was asked,
 *   can do, says of itself, and answers to calls of tools
 */
export async function openView(page, url, { result, args, can = {}, context = {}, answers = {} }) {
  await page.goto(url);
  await page.evaluate(({ result, args, can, context, answers }) => new Promise((told, silent) => {
    window.heard = [];
    const frame = document.querySelector('iframe');
    const send = message => frame.contentWindow.postMessage({ jsonrpc: '2.0', ...message }, '*');
    window.toView = send;
    addEventListener('message', ({ data, source }) => {
      if (source !== frame.contentWindow) return;
      window.heard.push(data);
      if (data.method === 'ui/initialize') send({ id: data.id, result: { protocolVersion: '2026-01-26', hostInfo: { name: 'checks', version: '1' }, hostCapabilities: can, hostContext: { displayMode: 'inline', locale: 'en-US', ...context } } });
      else if (data.method === 'ui/notifications/initialized') {
        if (args) send({ method: 'ui/notifications/tool-input', params: { arguments: args } });
        send({ method: 'ui/notifications/tool-result', params: result });
      }
      else if (data.method === 'tools/call') send({ id: data.id, result: answers[data.params.name] });
      else if (data.method === 'ui/message') send({ id: data.id, result: {} });
      else if (data.method === 'ui/request-display-mode') send({ id: data.id, result: { mode: data.params.mode } });
      else if (data.method === 'ui/notifications/size-changed') { frame.style.height = `${data.params.height}px`; if (data.params.height > 80) told(); }
    });
    setTimeout(() => silent(new Error('the view told no height within 120 s')), 120_000);
    frame.src = '/view';
  }), { result, args, can, context, answers });
  await page.refresh?.();
  const view = page.frames()[1];
  await settled(view);
  return view;
}

/** Waits until the view has drawn what changed: two frames of the screen. */
export const settled = view => view.evaluate(() => new Promise(done => requestAnimationFrame(() => requestAnimationFrame(() => requestAnimationFrame(done)))));
