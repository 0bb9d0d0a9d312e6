// Starts the server by each configuration for stdio in the documents, with the demo turned on, and lists its tools through
// the Inspector. Fails if a configuration does not work, or if there is none.
//
//	node start.mjs INSPECTOR FOLDER DOCUMENT...
import { execFile } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';

const [inspector, folder, ...documents] = process.argv.slice(2);

// readTOML reads the part of TOML that the Go tests allow in the documents: tables, and keys with strings or lists of them.
function readTOML(text) {
  const root = {};
  let table = root;
  for (const line of text.split('\n')) {
    const name = line.match(/^\[(.*)\]$/)?.[1];
    if (name) table = name.split('.').reduce((outer, part) => outer[part] ??= {}, root);
    const [, key, value] = line.match(/^([\w-]+) = (.*)$/) ?? [];
    if (key) table[key] = JSON.parse(value);
  }
  return root;
}

// configurations returns the servers in a document that a command starts.
function configurations(document) {
  const found = [];
  const text = readFileSync(document, 'utf8');
  for (const block of text.matchAll(/(?:<!-- host: (\S+) .*-->\n)?```(json|toml)\b.*\n([^]*?)\n```/g)) {
    const [, host = 'any', language, body] = block;
    const config = language === 'toml' ? readTOML(body) : JSON.parse(body);
    const servers = config.mcpServers ?? config.servers ?? config.mcp_servers ?? {};
    const line = text.slice(0, block.index).split('\n').length;
    for (const [name, server] of Object.entries(servers)) {
      if (server.command) found.push({ title: `${host} (${document}:${line})`, name, server });
    }
  }
  return found;
}

// tools starts the server of a configuration and returns its tools.
async function tools(name, { command, args = [], env }) {
  const file = join(folder, 'config.json');
  writeFileSync(file, JSON.stringify({ mcpServers: { [name]: { command, args, env: { ...env, TALKOVER_DEMO: 'true' } } } }));
  const { stdout } = await promisify(execFile)(process.execPath,
    [inspector, '--cli', '--config', file, '--server', name, '--format', 'json', '--quiet', '--method', 'tools/list'],
    { timeout: 300_000, maxBuffer: 64 << 20 });
  return JSON.parse(stdout).result.tools;
}

const all = documents.flatMap(configurations);
let failed = all.length === 0;
if (failed) console.log(`FAIL  no configuration in ${documents.join(', ')}`);
for (const { title, name, server } of all) {
  try {
    const list = await tools(name, server);
    if (!list.some(tool => tool.name === 'list_calls')) throw new Error(`list_calls is not among its ${list.length} tools`);
    console.log(`ok    ${title}: ${list.length} tools`);
  } catch (error) {
    failed = true;
    console.log(`FAIL  ${title}: ${error.stderr || error.message}`);
  }
}
process.exit(failed ? 1 : 0);
