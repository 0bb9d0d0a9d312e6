// Calls of the official TypeScript SDK: progress comes before the result, and a call that is cancelled spends no
// further request. Each function throws where that does not hold, and returns a note on what was seen.
import { createServer } from 'node:http';
import { once } from 'node:events';
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { SSEClientTransport } from '@modelcontextprotocol/sdk/client/sse.js';
import { StdioClientTransport } from '@modelcontextprotocol/sdk/client/stdio.js';
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';

const require = (ok, words) => { if (!ok) throw new Error(words); };

// doors are the ways in: each makes a transport to a server that already runs at url, or starts one with env.
const doors = {
  stdio: (binary, url, env) => new StdioClientTransport({ command: binary, env, stderr: 'ignore' }),
  sse: (binary, url) => new SSEClientTransport(new URL(`${url}/sse`)),
  http: (binary, url) => new StreamableHTTPClientTransport(new URL(`${url}/mcp`)),
};

// connected runs use with a client. heard gets each message in the order in which the transport of the SDK brings it.
async function connected(transport, heard, use) {
  const client = new Client({ name: 'checks', version: '1' });
  await client.connect(transport);
  const deliver = transport.onmessage;
  transport.onmessage = (message, extra) => { heard(message); deliver(message, extra); };
  try {
    await use(client);
  } finally {
    await client.close();
  }
}

// tokenless starts a server without a token, as each of some hosts does: it lists its tools, and an answer tells the
// user of that host where to set the token.
export async function tokenless(binary) {
  const hosts = { 'claude-ai': 'Settings > Extensions', 'claude-code': 'claude mcp add', 'cursor-vscode': '~/.cursor/mcp.json',
    'Visual Studio Code': '.vscode/mcp.json', 'codex-mcp-client': '[mcp_servers.talkover.env]', 'gemini-cli-mcp-client': '~/.gemini/settings.json',
    checks: 'the program that starts this server' };
  for (const [name, words] of Object.entries(hosts)) {
    const client = new Client({ name, version: '1' });
    await client.connect(new StdioClientTransport({ command: binary, stderr: 'ignore' }));
    try {
      require((await client.listTools()).tools.length > 0, `${name}: no tools`);
      const { isError, content } = await client.callTool({ name: 'get_call_stats', arguments: {} });
      require(isError && content[0].text.includes(words), `${name}: no "${words}" in ${content[0].text}`);
    } finally {
      await client.close();
    }
  }
  return Object.keys(hosts).join(', ');
}

// codes asks over each transport for what there is not, and for what lacks an argument: the error that the SDK throws has
// the code of the specification, and names an unknown resource.
export async function codes(binary, url) {
  for (const [name, door] of Object.entries(doors)) {
    await connected(door(binary, url, { ...process.env, TALKOVER_DEMO: 'true' }), () => {}, async client => {
      const fails = async (what, code, uri, ask) => {
        const error = await ask.then(() => ({ message: 'it was answered' }), error => error);
        require(error.code === code && error.data?.uri === uri, `${name}: ${what}: ${error.code} ${JSON.stringify(error.data)}: ${error.message}`);
      };
      await fails('a prompt without its argument', -32602, undefined, client.getPrompt({ name: 'contact_history' }));
      await fails('a bad date', -32602, undefined, client.readResource({ uri: 'talkover://calls.csv?date_from=soon' }));
      const uri = 'talkover://nowhere';
      await fails('an unknown resource', -32002, uri, client.readResource({ uri }));
    });
  }
  return Object.keys(doors).join(', ');
}

// slowAPI is a Talkover API that takes a moment for each page. asked counts its requests.
async function slowAPI(pages, ms) {
  let asked = 0;
  const server = createServer((request, response) => {
    const query = new URL(request.url, 'http://localhost').searchParams;
    const page = Number(query.get('page') ?? 1);
    asked++;
    const data = Array.from({ length: 100 }, (_, i) => ({
      id: `${page}-${i}`, sid: `CA${page}-${i}`, from: '+12025550100', to: '+12025550101', direction: 'inbound',
      status: 'completed', duration: 60, is_testing: false, agent: null,
      created_at: new Date(Date.UTC(2026, 10, 4) - (page * 100 + i) * 60_000).toISOString(),
    }));
    const pagination = { current_page: page, per_page: 100, total: pages * 100, last_page: pages };
    setTimeout(() => {
      response.setHeader('Content-Type', 'application/json');
      response.end(JSON.stringify({ success: true, data, pagination }));
    }, ms);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const url = `http://127.0.0.1:${server.address().port}/api/v1`;
  return { asked: () => asked, close: () => { server.close(); server.closeAllConnections(); },
    env: { ...process.env, TALKOVER_TOKEN: 'talq_checks', TALKOVER_BASE_URL: url, TALKOVER_RATE_LIMIT: '0' } };
}

// find is the call of a tool that reads many pages.
const find = contact => ({ name: 'find_calls', arguments: { sort: 'longest', limit: 1, contact } });

// progress makes calls with progress over each transport, of the demo, which answers at once. All that is told comes
// before the result, and only grows. Calls side by side share one reading, so a call that finds all read has nothing to
// tell; without a cache each batch of 16 reads anew.
export async function progress(binary, serve, calls) {
  const env = { ...process.env, TALKOVER_DEMO: 'true', TALKOVER_CACHE_CALLS: '0' };
  const { child, url } = await serve(env);
  const notes = [];
  for (const [name, door] of Object.entries(doors)) {
    const last = new Map(), answered = new Set();
    let told = 0, late = 0;
    const heard = ({ id, method, params }) => {
      if (id !== undefined) answered.add(id);
      if (method !== 'notifications/progress') return;
      const { progressToken, progress, total, message } = params; // the SDK takes the request's id for a token
      if (answered.has(progressToken)) late++;
      require(message && progress <= total && progress > (last.get(progressToken) ?? 0), `${name}: ${JSON.stringify(params)}`);
      last.set(progressToken, progress);
      told++;
    };
    await connected(door(binary, url, env), heard, async client => {
      const one = async () => {
        const result = await client.callTool(find(), undefined, { onprogress: () => {} });
        require(!result.isError, `${name}: ${result.content[0].text}`);
      };
      for (let first = 0; first < calls; first += 16) {
        await Promise.all(Array.from({ length: Math.min(16, calls - first) }, one));
      }
    });
    require(late === 0, `${name}: ${late} of ${told} notes came after their result`);
    const batches = Math.ceil(calls / 16);
    require(last.size >= batches, `${name}: ${last.size} calls told their progress, of ${batches} batches`);
    notes.push(`${name} ${told}`);
  }
  child.kill();
  return `${calls} calls each; notes: ${notes.join(', ')}`;
}

// cancel cancels calls at random moments over each transport, and by leaving in the revision of 2026-07-28, which has
// no other way over HTTP. serve starts a server of HTTP with an environment.
export async function cancel(binary, serve, calls) {
  const pages = 400;
  const api = await slowAPI(pages, 30);
  const { child, url } = await serve(api.env);
  const notes = [];
  // quiet waits until the API is asked for nothing for a while.
  const quiet = async () => {
    for (let before = -1; before !== api.asked();) {
      before = api.asked();
      await new Promise(later => setTimeout(later, 300));
    }
  };
  // each cancels calls, a few side by side; ask makes one that ends with the signal. They share one reading, which ends
  // with the last of them, however late the server hears of it. A reading that goes on asks for all pages.
  const each = async (name, ask) => {
    const began = api.asked();
    const one = async number => {
      const contact = `${name} ${number}`, abort = new AbortController();
      const call = ask(find(contact), abort.signal).then(
        () => { throw new Error(`${contact}: it was answered`); },
        error => { if (!abort.signal.aborted) throw error; });
      await new Promise(later => setTimeout(later, Math.random() * 150));
      abort.abort('checks');
      await call;
    };
    for (let first = 0; first < calls; first += 10) {
      const before = api.asked();
      await Promise.all(Array.from({ length: Math.min(10, calls - first) }, (_, i) => one(first + i)));
      await quiet();
      const asked = api.asked() - before;
      require(asked < pages, `${name}: ${asked} requests for ten calls that were cancelled`);
    }
    require(api.asked() > began, `${name}: no request was made, so none could be stopped`);
    notes.push(`${name} ${((api.asked() - began) / calls).toFixed(1)}`);
  };
  try {
    for (const [name, door] of Object.entries(doors)) {
      await connected(door(binary, url, api.env), () => {}, client =>
        each(name, (params, signal) => client.callTool(params, undefined, { signal, timeout: 60_000 })));
    }
    const revision = '2026-07-28';
    await each(`http ${revision}`, async (params, signal) => {
      const response = await fetch(`${url}/mcp`, {
        method: 'POST', signal,
        headers: { 'Content-Type': 'application/json', Accept: 'application/json, text/event-stream',
          'Mcp-Protocol-Version': revision, 'Mcp-Method': 'tools/call', 'Mcp-Name': params.name },
        body: JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/call', params: { ...params, _meta: {
          'io.modelcontextprotocol/protocolVersion': revision, 'io.modelcontextprotocol/clientCapabilities': {},
          'io.modelcontextprotocol/clientInfo': { name: 'checks', version: '1' } } } }),
      });
      return response.text();
    });
  } finally {
    child.kill();
    api.close();
  }
  return `${calls} each; requests a call, of ${pages}: ${notes.join(', ')}`;
}
