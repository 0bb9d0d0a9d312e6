// Starts the server with the demo over HTTP, and asks it as any client does.
import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';

export async function startServer(binary, env = {}) {
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
