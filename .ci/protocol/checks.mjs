// Checks the server binary in argv[2] with MCP clients that are not ours: the conformance suite, the Inspector and the
// official SDK.
// Prints a line a check and exits with 1 if one failed.
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { createInterface } from 'node:readline';
import { setTimeout as wait } from 'node:timers/promises';
import { isDeepStrictEqual, stripVTControlCharacters } from 'node:util';
import { header, logins } from './oidc.mjs';
import { cancel, codes, progress, tokenless } from './sdk.mjs';

const binary = process.argv[2];
const here = name => fileURLToPath(new URL(name, import.meta.url));
const require = (ok, words) => { if (!ok) throw new Error(words); };
const reason = error => error.message ?? String(error);

let failed = false;
const children = new Set();
process.on('exit', () => children.forEach(child => child.kill('SIGKILL')));
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => process.exit(1));

// check runs one check and prints how it went. A check returns what to add to its line.
async function check(name, run) {
  const start = Date.now();
  try {
    const note = await run();
    console.log(`ok    ${name}${note ? `: ${note}` : ''} (${((Date.now() - start) / 1000).toFixed(1)} s)`);
  } catch (error) {
    failed = true;
    console.log(`FAIL  ${name}: ${reason(error)}`);
  }
}

// node runs a program of node_modules/.bin; one that hangs for five minutes has failed.
function node(program, ...args) {
  return new Promise(done => {
    const options = { timeout: 300_000, killSignal: 'SIGKILL', maxBuffer: 64 << 20 };
    const child = execFile(process.execPath, [here(`../node_modules/.bin/${program}`), ...args], options, (error, out, err) => {
      children.delete(child);
      done({ code: error ? error.code ?? error.signal : 0, out: stripVTControlCharacters(out), err });
    });
    children.add(child);
  });
}

// serve starts a server over HTTP on a port, 0 for a free one, which also serves SSE, and keeps what it logs: the demo,
// unless env says another account.
async function serve(env = { ...process.env, TALKOVER_DEMO: 'true' }, port = 0) {
  const child = spawn(binary, ['-transport', 'http', '-addr', `127.0.0.1:${port}`], {
    env: { ...env, LOG_FORMAT: 'json' }, stdio: ['ignore', 'ignore', 'pipe'],
  });
  children.add(child);
  const log = [];
  const url = await new Promise((found, lost) => {
    child.on('error', lost);
    createInterface({ input: child.stderr }).on('line', line => {
      log.push(line);
      const { msg, addr } = line.startsWith('{') ? JSON.parse(line) : {};
      if (msg === 'serving') found(`http://${addr}`);
    }).on('close', () => lost(new Error(`it ended before it served; its log:\n${log.join('\n')}`)));
  });
  return { child, log, url };
}

// conformance runs the suite at a revision. The suite itself fails on a listed check that passes and on a failure that is
// not listed; it is silent about a listed check that it never ran, which the comparison finds.
async function conformance(url, revision) {
  const list = here(`conformance-${revision}.yaml`);
  const { code, out, err } = await node('conformance', 'server', '--url', `${url}/mcp`,
    '--suite', 'all', '--spec-version', revision, '--expected-failures', list);
  const [summary] = out.match(/^Total: .*/m) ?? [];
  const verdict = (summary ? out.slice(out.indexOf(summary)) : out + err).replace(/^ {2}~ .*\n/gm, '').trim();
  require(code === 0, `exit ${code}\n${verdict}\nTo see why: talkover-mcp -demo -transport http, and here: ` +
    `npx conformance server --url http://127.0.0.1:8080/mcp --spec-version ${revision} --verbose --scenario NAME`);
  const listed = [...readFileSync(list, 'utf8').matchAll(/^ {2}- (\S+)/gm)].map(([, entry]) => entry);
  const seen = new Set([...out.matchAll(/^ {2}~ (\S+)/gm)].map(([, entry]) => entry));
  const idle = listed.filter(entry => !seen.has(entry));
  require(idle.length === 0, `listed, but never run; remove it or mend its name: ${idle.join(', ')}`);
  require(listed.length === seen.size, `${seen.size} expected failures, but ${listed.length} are listed`);
  return `${summary.replace(/^Total: /, '')}, all as listed`;
}

const question = { status: 'failed', per_page: 5 };
// The Inspector turns a string into the number that a schema wants, and sends "x" as null; a list it sends as it is.
const rude = { page: ['x'], pages: 2 };

// inspect asks one thing through the Inspector and returns its exit code and what it printed.
async function inspect(door, method, ...args) {
  const { code, out, err } = await node('mcp-inspector', '--cli', ...door, '--format', 'json', '--quiet',
    '--connect-timeout', '120000', '--method', method, ...args);
  try {
    return { ...JSON.parse(out || err), code, method };
  } catch {
    throw new Error(`${method}: exit ${code}, and no JSON: ${out}${err}`);
  }
}

// use asks all things at one door and returns the answers, without what the revisions wrap them in.
async function use(door) {
  const answered = async (...asked) => {
    const { result, error, code, method, schemaFindings = [] } = await inspect(door, ...asked);
    require(code === 0 && result, `${method}: exit ${code}: ${error?.message}`);
    require(schemaFindings.length === 0, `${method} --strict: ${JSON.stringify(schemaFindings)}`);
    return result;
  };
  const { tools } = await answered('tools/list', '--strict');
  require(tools.some(tool => tool.name === 'list_calls'), 'tools/list: list_calls is not there');
  const call = ['--tool-name', 'list_calls', '--tool-args-json'];
  const { content, structuredContent, isError } = await answered('tools/call', ...call, JSON.stringify(question));
  require(!isError && content[0].text.includes('failed') && structuredContent, 'tools/call: no answer in words and in structure');
  const { prompts } = await answered('prompts/list');
  require(prompts.length > 0, 'prompts/list: none');
  const { resources } = await answered('resources/list');
  require(resources.some(resource => resource.uri === 'talkover://metrics'), 'resources/list: talkover://metrics is not there');
  const { contents } = await answered('resources/read', '--uri', 'talkover://metrics');
  require(contents[0].text.includes('answer_rate'), 'resources/read: talkover://metrics does not define answer_rate');
  const { result: refusal } = await inspect(door, 'tools/call', ...call, JSON.stringify(rude));
  const words = refusal?.content?.[0]?.text ?? '';
  require(refusal?.isError && words.includes('page: ') && words.includes('pages: '),
    `tools/call with ${JSON.stringify(rude)}: no isError that names both arguments: ${JSON.stringify(refusal)}`);
  return { tools, content, structuredContent, prompts, resources, contents, words };
}

// same compares the answers of all doors with those of the first.
function same(answers) {
  const [[first, model], ...others] = answers;
  for (const [name, answer] of others) {
    const differs = Object.keys(model).filter(key => !isDeepStrictEqual(model[key], answer[key]));
    require(differs.length === 0, `${name} differs from ${first} in ${differs.join(', ')}`);
  }
  return `${answers.length} doors, ${model.tools.length} tools, ${model.prompts.length} prompts`;
}

// stop ends the server with a client on a stream still there, and looks at what it has logged.
async function stop({ child, log, url }) {
  const stream = await fetch(`${url}/sse`);
  const left = stream.text().catch(reason);
  const exit = once(child, 'exit', { signal: AbortSignal.timeout(60_000) });
  child.kill('SIGTERM');
  const [code, signal] = await exit.catch(() => { throw new Error('it still runs 60 s after SIGTERM'); });
  require(code === 0, `exit ${code ?? signal}; its log ends with:\n${log.slice(-5).join('\n')}`);
  await left;
  const bad = log.filter(line => !line.startsWith('{') || JSON.parse(line).level === 'ERROR');
  require(bad.length === 0, `it logged errors:\n${bad.join('\n')}`);
}

// The demo is of its day: two servers started on two sides of midnight UTC would differ.
const midnight = 86_400_000 - Date.now() % 86_400_000;
if (midnight < 120_000) await wait(midnight);

const server = await serve().catch(error => {
  console.log(`FAIL  start: ${reason(error)}`);
  process.exit(1);
});
for (const revision of ['2025-11-25', '2026-07-28']) {
  await check(`conformance ${revision}`, () => conformance(server.url, revision));
}
const stdio = [binary, '-e', 'TALKOVER_DEMO=true'];
const sse = ['--transport', 'sse', '--server-url', `${server.url}/sse`];
const http = ['--transport', 'http', '--server-url', `${server.url}/mcp`];
const answers = [];
const enter = (name, door, era) => check(`inspector ${name}, ${era}`, async () => {
  answers.push([`${name} (${era})`, await use([...door, '--protocol-era', era])]);
});
await Promise.all([enter('stdio', stdio, 'legacy'), enter('sse', sse, 'legacy'), enter('http', http, 'legacy')]);
await Promise.all([enter('stdio', stdio, 'modern'), enter('http', http, 'modern')]);
await check('inspector sse, modern is refused and auto falls back', async () => {
  const modern = await inspect([...sse, '--protocol-era', 'modern'], 'tools/list');
  require(modern.error?.message.includes('2026-07-28'), `modern: exit ${modern.code}: ${modern.error?.message}`);
  const auto = await inspect([...sse, '--protocol-era', 'auto'], 'tools/list');
  require(auto.code === 0 && auto.result.tools.length > 0, `auto: exit ${auto.code}: ${auto.error?.message}`);
});
await check('the same answers at every door', () => {
  require(answers.length === 5, `only ${answers.length} of 5 doors answered`);
  return same(answers);
});
const calls = Number(process.env.CALLS ?? 100);
await check('sdk: progress before the result', () => progress(binary, serve, calls));
await check('sdk: cancelled calls', () => cancel(binary, serve, Math.min(calls, 200)));
await check('sdk: codes of errors', () => codes(binary, server.url));
await check('sdk: a server without a token', () => tokenless(binary));
await check('sdk: logins', () => logins(serve));
await check('sdk: a gate of tokens', () => header(serve));
await check('SIGTERM', () => stop(server));
process.exit(failed ? 1 : 0);
