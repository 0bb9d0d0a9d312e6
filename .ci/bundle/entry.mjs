// Checks server.json by the registry's schema, and by the bundles that it names.
//
//	node entry.mjs NODE_MODULES SCHEMA SERVER_JSON BUNDLES
import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { basename, join, resolve } from 'node:path'

const [modules, schema, file, bundles] = process.argv.slice(2)
const require = createRequire(resolve(modules, 'x.js'))
const ajv = new (require('ajv').default)({ strict: false })
require('ajv-formats').default(ajv)
const entry = JSON.parse(readFileSync(file, 'utf8'))
const official = JSON.parse(readFileSync(schema, 'utf8'))
assert(ajv.compile(official)(entry), 'the registry takes it')
assert(!ajv.compile({ ...official, $id: 'stricter', required: ['what it lacks'] })(entry), 'the schema is heeded')

const packed = entry.packages.filter((p) => p.registryType === 'mcpb')
const file256 = (name) => createHash('sha256').update(readFileSync(join(bundles, name))).digest('hex')
assert.deepEqual(packed.map((p) => basename(p.identifier)).sort(), readdirSync(bundles).sort(), 'it names every bundle')
for (const p of packed) {
  assert.equal(p.fileSha256, file256(basename(p.identifier)), p.identifier)
  // The registry demands this form of a file of a GitHub release.
  assert(p.identifier.startsWith(`https://github.com/talkover/talkover-mcp/releases/download/v${entry.version}/`), p.identifier)
}
const [image] = entry.packages.filter((p) => p.registryType === 'oci')
assert.equal(image.identifier, `ghcr.io/talkover/talkover-mcp:${entry.version}`)
assert.equal(image.version, undefined)
for (const { environmentVariables: all } of entry.packages) {
  assert.deepEqual(all.filter((v) => v.isSecret).map((v) => v.name), ['TALKOVER_TOKEN'])
  assert(all.every((v) => v.value || v.description), 'a host would ask for it without a word')
  assert(!JSON.stringify(all).includes('${'), 'a placeholder of manifests is left')
  assert.equal(all.find((v) => v.name === 'MCP_TRANSPORT').value, 'stdio')
}
