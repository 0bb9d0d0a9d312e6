// Plays a minimal host. It starts the server of an unpacked bundle by the command that mcpb's own code derives from the
// manifest: with the demo turned on and every other setting left alone, and with all settings left alone. It fails if the
// server's answers differ from what the manifest declares.
//
//	node host.mjs PATH_OF_MCPB FOLDER
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join, resolve, sep } from 'node:path'
import { createInterface } from 'node:readline'
import { pathToFileURL } from 'node:url'

const [library, folder] = process.argv.slice(2)
const { getMcpConfigForManifest } = await import(pathToFileURL(resolve(library)))
const manifest = JSON.parse(readFileSync(join(folder, 'manifest.json'), 'utf8'))

const configured = (userConfig) => getMcpConfigForManifest({
  manifest, userConfig, extensionPath: resolve(folder), systemDirs: {}, pathSeparator: sep,
})
const config = await configured({})
assert(config, 'mcpb finds that a setting is missing')
assert(!JSON.stringify(config).includes('${'), `a placeholder is left: ${JSON.stringify(config)}`)
assert.equal((await configured({ token: 'talq_x' })).env.TALKOVER_TOKEN, 'talq_x')

// start starts the server with some settings. ask sends a request and returns its result, and end ends the server.
async function start(userConfig) {
  const config = await configured(userConfig)
  const server = spawn(config.command, config.args, { env: config.env, stdio: ['pipe', 'pipe', 'pipe'] })
  let log = ''
  server.stderr.on('data', (chunk) => { log += chunk })
  const ended = new Promise((done) => server.on('close', done))
  const waiting = new Map()
  createInterface({ input: server.stdout }).on('line', (line) => {
    const answer = JSON.parse(line)
    waiting.get(answer.id)?.(answer)
  })
  const send = (message) => server.stdin.write(JSON.stringify({ jsonrpc: '2.0', ...message }) + '\n')
  const ask = async (method, params = {}) => {
    const id = waiting.size + 1
    const answered = new Promise((done) => waiting.set(id, done))
    send({ id, method, params })
    const answer = await Promise.race([answered, ended.then((code) => ({ error: `it ended with ${code}: ${log}` }))])
    assert(answer.result, `${method}: ${JSON.stringify(answer.error)}`)
    return answer.result
  }
  const { serverInfo } = await ask('initialize', {
    protocolVersion: '2025-06-18', capabilities: {}, clientInfo: { name: 'host', version: '1' },
  })
  assert.equal(serverInfo.version, manifest.version)
  send({ method: 'notifications/initialized' })
  return { ask, end: async () => { server.stdin.end(); assert.equal(await ended, 0, log) } }
}

const demo = await start({ demo: true })
const { tools } = await demo.ask('tools/list')
assert.deepEqual(tools.map(({ name, description }) => ({ name, description })), manifest.tools)
assert(tools.some(({ name }) => name === 'list_calls') && !tools.some(({ name }) => name === 'make_call'))
const { prompts } = await demo.ask('prompts/list')
assert.deepEqual(
  prompts.map((p) => ({ name: p.name, arguments: (p.arguments ?? []).map((a) => a.name) })),
  manifest.prompts.map((p) => ({ name: p.name, arguments: p.arguments ?? [] })))
const { content, isError } = await demo.ask('tools/call', { name: 'list_calls', arguments: { per_page: 5 } })
assert(!isError && /calls match/.test(content[0].text) && /invented/.test(content[0].text), content[0].text)
await demo.end()

const blank = await start({})
assert.deepEqual((await blank.ask('tools/list')).tools.map(({ name }) => name), tools.map(({ name }) => name))
const refusal = await blank.ask('tools/call', { name: 'list_calls', arguments: {} })
assert(refusal.isError && /has no Talkover token yet/.test(refusal.content[0].text), refusal.content[0].text)
await blank.end()
