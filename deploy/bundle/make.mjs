// Makes the MCP bundles of a release by mcpb, and its entry in the MCP registry. It runs at the root of the repository, after
// npm ci --ignore-scripts in deploy/bundle.
//
//	node deploy/bundle/make.mjs bundles VERSION FOLDER OS/ARCH=BINARY...
//	    writes FOLDER/talkover-mcp_VERSION_OS_ARCH.mcpb for each binary
//	node deploy/bundle/make.mjs entry VERSION FOLDER
//	    prints server.json for the six bundles of VERSION in FOLDER, and for the image
//
// Go must be there too: the manifest declares the tools and prompts that the program of this commit lists.
import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

const manifest = JSON.parse(readFileSync('deploy/bundle/manifest.template.json', 'utf8'))
const sources = 'https://raw.githubusercontent.com/talkover/talkover-mcp'
const image = 'ghcr.io/talkover/talkover-mcp'

// platforms maps the operating systems of releases to the names that manifests have for them. A manifest cannot name an
// architecture, so each has a bundle of its own.
const platforms = { darwin: 'darwin', linux: 'linux', windows: 'win32' }
const targets = Object.keys(platforms).flatMap((os) => ['amd64', 'arm64'].map((arch) => `${os}/${arch}`))

const refuse = (why) => { console.error(`make.mjs: ${why}`); process.exit(1) }
const bundleName = (version, target) => `talkover-mcp_${version}_${target.replace('/', '_')}.mcpb`

// declared returns the tools and prompts of the server as a manifest has them. A manifest needs a text for a prompt, but the
// server writes its own on request, with the dates of that day: the manifest repeats title, description and arguments.
function declared() {
  const ask = (id, method, params) => JSON.stringify({ jsonrpc: '2.0', id, method, params }) + '\n'
  const said = execFileSync('go', ['run', '.', '-demo'], {
    env: { ...process.env, GOOS: '', GOARCH: '', TALKOVER_ALLOW_CALLS: 'false', MCP_TRANSPORT: 'stdio' },
    input: ask(1, 'initialize', { protocolVersion: '2025-06-18', capabilities: {}, clientInfo: { name: 'make', version: '1' } }) +
      ask(2, 'tools/list') + ask(3, 'prompts/list'),
    stdio: ['pipe', 'pipe', 'ignore'],
  })
  const result = (id) => String(said).trim().split('\n').map((line) => JSON.parse(line)).find((answer) => answer.id === id).result
  return {
    tools: result(2).tools.map(({ name, description }) => ({ name, description })),
    prompts: result(3).prompts.map(({ name, title, description, arguments: given = [] }) => ({
      name, description, arguments: given.length ? given.map((a) => a.name) : undefined,
      text: [`${title}: ${description}`, ...given.map((a) => `${a.name}: \${arguments.${a.name}}`)].join('\n'),
    })),
  }
}

// pack writes the bundle of one binary.
function pack(version, out, target, binary, offered) {
  const [os] = target.split('/')
  const program = 'server/talkover-mcp' + (os === 'windows' ? '.exe' : '')
  const folder = mkdtempSync(join(tmpdir(), 'bundle-'))
  for (const [name, path] of Object.entries({
    [program]: binary,
    LICENSE: 'LICENSE',
    'PRIVACY.md': 'deploy/bundle/PRIVACY.md',
    'README.md': 'deploy/bundle/README.md',
    'icon.png': 'deploy/bundle/icon.png',
    'screenshots/days.png': 'docs/images/days.png',
    'screenshots/heat.png': 'docs/images/heat.png',
  })) cpSync(path, join(folder, name))
  writeFileSync(join(folder, 'manifest.json'), JSON.stringify({
    ...manifest, ...offered, version,
    server: { ...manifest.server, entry_point: program,
      mcp_config: { command: '${__dirname}/' + program, ...manifest.server.mcp_config } },
    compatibility: { ...manifest.compatibility, platforms: [platforms[os]] },
  }, null, 2))
  const mcpb = 'deploy/bundle/node_modules/@anthropic-ai/mcpb/dist/cli/cli.js'
  execFileSync(process.execPath, [mcpb, 'pack', folder, join(out, bundleName(version, target))], { stdio: 'inherit' })
  rmSync(folder, { recursive: true })
}

// variables returns the environment of the manifest in the registry's form. An empty value is left out: a host would ask the
// user for it.
function variables() {
  return Object.entries(manifest.server.mcp_config.env).filter(([, value]) => value !== '').map(([name, value]) => {
    const option = manifest.user_config[/^\$\{user_config\.(\w+)\}$/.exec(value)?.[1]]
    return option === undefined ? { name, value } : {
      name, description: option.description, format: option.type, default: option.default === '' ? undefined : String(option.default),
      isSecret: option.sensitive,
    }
  })
}

// entry returns the server.json of a release. The registry refuses a version beside an image.
function entry(version, folder) {
  const common = { transport: { type: 'stdio' }, environmentVariables: variables() }
  return {
    $schema: 'https://static.modelcontextprotocol.io/schemas/2025-12-11/server.schema.json',
    name: 'io.github.talkover/talkover-mcp', // the image's label says it too
    title: manifest.display_name, description: manifest.description, version, websiteUrl: manifest.homepage,
    repository: { url: manifest.repository.url, source: 'github' },
    icons: [{ src: `${sources}/v${version}/deploy/bundle/${manifest.icon}`, mimeType: 'image/png', sizes: ['512x512'] }],
    packages: [...targets.map((target) => ({
      registryType: 'mcpb', identifier: `${manifest.repository.url}/releases/download/v${version}/${bundleName(version, target)}`,
      version, fileSha256: createHash('sha256').update(readFileSync(join(folder, bundleName(version, target)))).digest('hex'), ...common,
    })), { registryType: 'oci', identifier: `${image}:${version}`, runtimeHint: 'docker', ...common }],
  }
}

const [command, version, folder, ...binaries] = process.argv.slice(2)
// The tag of an image must not have a "+", and GitHub changes one in the name of a release's file.
if (!/^(0|[1-9]\d*)(\.(0|[1-9]\d*)){2}(-[0-9A-Za-z-]+(\.[0-9A-Za-z-]+)*)?$/.test(version ?? '')) {
  refuse(`takes a semantic version without v and without build metadata, such as 1.2.3 or 1.2.3-rc.1, not ${version}`)
}
if (command === 'bundles' && folder && binaries.length > 0) {
  const offered = declared()
  for (const [target, binary] of binaries.map((given) => given.split('=', 2))) {
    if (!targets.includes(target) || !binary) refuse(`takes OS/ARCH=BINARY with one of ${targets.join(', ')}, not ${target}`)
    pack(version, folder, target, binary, offered)
  }
} else if (command === 'entry' && folder) {
  console.log(JSON.stringify(entry(version, folder), null, 2))
} else {
  refuse('takes bundles VERSION FOLDER OS/ARCH=BINARY..., or entry VERSION FOLDER')
}
