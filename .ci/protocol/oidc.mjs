// Logins of the official TypeScript SDK: through an OpenID issuer, over each way in, however the server's URL is configured;
// and at a gate of tokens, which has no login.
import { createHash, createPublicKey, generateKeyPairSync, randomUUID, sign } from 'node:crypto';
import { createServer } from 'node:http';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { UnauthorizedError } from '@modelcontextprotocol/sdk/client/auth.js';
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { SSEClientTransport } from '@modelcontextprotocol/sdk/client/sse.js';
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';

const require = (ok, words) => { if (!ok) throw new Error(words); };
const scope = 'calls.read';

// listening starts an HTTP server on a free port of this machine.
async function listening(handle) {
  const server = createServer(handle).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return { url: `http://127.0.0.1:${server.address().port}`, close: () => { server.close(); server.closeAllConnections(); } };
}

// freePort returns a port that nobody listens on, since the server must know its URL before it starts.
async function freePort() {
  const { url, close } = await listening(() => {});
  close();
  return new URL(url).port;
}

// issuer is an OpenID provider that logs everybody in. Its tokens are for the resource that the client names, and it
// notes the grants that were asked for and the scopes.
async function issuer() {
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const jwk = { ...createPublicKey(privateKey).export({ format: 'jwk' }), kid: '1', use: 'sig', alg: 'RS256' };
  const codes = new Map(), grants = [];
  const token = aud => {
    const now = Math.floor(Date.now() / 1000);
    const part = value => Buffer.from(JSON.stringify(value)).toString('base64url');
    const signed = `${part({ alg: 'RS256', typ: 'at+jwt', kid: '1' })}.${part({ iss: url, aud, sub: 'ann', scope, iat: now, exp: now + 300 })}`;
    return `${signed}.${sign('sha256', Buffer.from(signed), privateKey).toString('base64url')}`;
  };
  const pages = {
    metadata: () => ({ issuer: url, authorization_endpoint: `${url}/authorize`, token_endpoint: `${url}/token`,
      registration_endpoint: `${url}/register`, jwks_uri: `${url}/keys`, scopes_supported: ['openid', 'offline_access', scope],
      response_types_supported: ['code'], grant_types_supported: ['authorization_code', 'refresh_token'],
      code_challenge_methods_supported: ['S256'], token_endpoint_auth_methods_supported: ['none'],
      subject_types_supported: ['public'], id_token_signing_alg_values_supported: ['RS256'] }),
    '/keys': () => ({ keys: [jwk] }),
    '/register': body => ({ ...JSON.parse(body), client_id: 'checks' }),
    '/token': body => {
      const asked = new URLSearchParams(body), grant = asked.get('grant_type');
      const code = codes.get(asked.get('code') ?? asked.get('refresh_token'));
      if (!code) throw new Error('no such code');
      const verifier = createHash('sha256').update(asked.get('code_verifier') ?? '').digest('base64url');
      if (grant === 'authorization_code' && verifier !== code.challenge) throw new Error('another verifier');
      grants.push(grant);
      const refresh = randomUUID();
      const offline = code.scope.split(' ').includes('offline_access');
      if (offline) codes.set(refresh, code);
      return { access_token: token(asked.get('resource')), token_type: 'Bearer', expires_in: 300, scope: code.scope,
        ...(offline ? { refresh_token: refresh } : {}) };
    },
  };
  const { url, close } = await listening(async (request, response) => {
    const { pathname, searchParams } = new URL(request.url, 'http://localhost');
    if (pathname === '/authorize') {
      const code = randomUUID(), back = new URL(searchParams.get('redirect_uri'));
      codes.set(code, { challenge: searchParams.get('code_challenge'), scope: searchParams.get('scope') ?? '' });
      back.searchParams.set('code', code);
      response.writeHead(302, { Location: back.href }).end();
      return;
    }
    const page = pathname.startsWith('/.well-known/') ? pages.metadata : pages[pathname];
    try {
      const answer = page(await text(request));
      response.writeHead(pathname === '/register' ? 201 : 200, { 'Content-Type': 'application/json' }).end(JSON.stringify(answer));
    } catch (error) {
      response.writeHead(400, { 'Content-Type': 'application/json' }).end(JSON.stringify({ error: 'invalid_request', error_description: error.message }));
    }
  });
  return { url, grants, close };
}

// visitor is a user of the SDK who logs in wherever sent to.
class Visitor {
  redirectUrl = 'http://127.0.0.1:1/back';
  clientMetadata = { client_name: 'checks', redirect_uris: [this.redirectUrl], grant_types: ['authorization_code', 'refresh_token'], token_endpoint_auth_method: 'none' };
  clientInformation() { return this.client; }
  saveClientInformation(client) { this.client = client; }
  tokens() { return this.kept; }
  saveTokens(tokens) { this.kept = tokens; }
  saveCodeVerifier(verifier) { this.verifier = verifier; }
  codeVerifier() { return this.verifier; }
  async redirectToAuthorization(url) {
    const { headers } = await fetch(url, { redirect: 'manual' });
    this.code = new URL(headers.get('location')).searchParams.get('code');
  }
}

// visit logs in at a door, lists the tools, and lists them again with a token that is no longer good.
async function visit(door, issued) {
  const visitor = new Visitor();
  const first = door(visitor);
  await new Client({ name: 'checks', version: '1' }).connect(first).then(
    () => { throw new Error('it let in a client without a token'); },
    error => require(error instanceof UnauthorizedError, error.message));
  await first.finishAuth(visitor.code);
  const client = new Client({ name: 'checks', version: '1' });
  await client.connect(door(visitor));
  try {
    require((await client.listTools()).tools.length > 0, 'no tools');
    const before = issued.grants.length;
    visitor.kept = { ...visitor.kept, access_token: 'stale' };
    require((await client.listTools()).tools.length > 0, 'no tools after a refresh');
    require(issued.grants.slice(before).join() === 'refresh_token', `the SDK asked for ${issued.grants.slice(before)}, not to refresh`);
  } finally {
    await client.close();
  }
}

const doors = {
  '/mcp': (url, authProvider) => new StreamableHTTPClientTransport(new URL(`${url}/mcp`), { authProvider }),
  '/sse': (url, authProvider) => new SSEClientTransport(new URL(`${url}/sse`), { authProvider }),
};

// header connects without the token of a gate of tokens. The SDK looks for an OAuth server then, and what it says in the
// end must be which header to set.
export async function header(serve) {
  const { child, url } = await serve({ ...process.env, TALKOVER_DEMO: 'true', MCP_AUTH: 'token', MCP_AUTH_TOKENS: 'x'.repeat(32) });
  try {
    for (const [name, door] of Object.entries(doors)) {
      await new Client({ name: 'checks', version: '1' }).connect(door(url, new Visitor())).then(
        () => { throw new Error(`${name}: it let in a client without a token`); },
        error => require(error.message.includes('set the header Authorization'), `${name}: the SDK says: ${error.message}`));
    }
  } finally {
    child.kill();
  }
}

// logins tries every way in with every way to configure the URL. serve starts a server with an environment at a port.
export async function logins(serve) {
  const issued = await issuer();
  const notes = [];
  try {
    for (const configured of ['/mcp', '/sse', '']) {
      const port = await freePort();
      const { child, url } = await serve({ ...process.env, TALKOVER_DEMO: 'true', MCP_AUTH: 'oidc', MCP_OIDC_ISSUER: issued.url,
        MCP_OIDC_SCOPE: scope, MCP_RESOURCE_URL: `http://127.0.0.1:${port}${configured}` }, port);
      try {
        for (const [name, door] of Object.entries(doors)) {
          await visit(visitor => door(url, visitor), issued).catch(error => {
            throw new Error(`${name} where MCP_RESOURCE_URL ends in "${configured}": ${error.message}`);
          });
          notes.push(`${name} as ${configured || 'the origin'}`);
        }
      } finally {
        child.kill();
      }
    }
  } finally {
    issued.close();
  }
  return notes.join(', ');
}
