// Speaks with the host of an MCP App: JSON-RPC 2.0 by postMessage (SEP-1865, revision 2026-01-26). The SDK's App class does
// the same and takes 669 kB minified (@modelcontextprotocol/ext-apps 1.7.5), nearly twice what the whole page may take.

const VERSION = '2026-01-26';

/**
 * Starts to speak with the host that shows this page in a frame.
 * @param {{input?: (args: object) => void, result?: (result: object) => void, cancelled?: (reason?: string) => void,
 *   context?: (context: object) => void}} hear is called with what the host tells. The context is always whole.
 */
export function connect(hear) {
  const waiting = new Map();
  let last = 0;
  let context = {};
  let can = {};
  const send = message => window.parent.postMessage({ jsonrpc: '2.0', ...message }, '*');
  const notify = (method, params = {}) => send({ method, params });

  /** Asks the host. The promise fails with the host's words. */
  function request(method, params) {
    const id = ++last;
    send({ id, method, params });
    return new Promise((resolve, reject) => waiting.set(id, { resolve, reject }));
  }

  function learn(news) {
    context = { ...context, ...news };
    hear.context?.(context);
  }

  const heard = {
    'ui/notifications/tool-input': params => hear.input?.(params.arguments ?? {}),
    'ui/notifications/tool-result': params => hear.result?.(params),
    'ui/notifications/tool-cancelled': params => hear.cancelled?.(params.reason),
    'ui/notifications/host-context-changed': learn,
  };
  const asked = { ping: () => ({}), 'ui/resource-teardown': () => ({}) };

  window.addEventListener('message', event => {
    const message = event.data;
    if (event.source !== window.parent || message?.jsonrpc !== '2.0') return;
    if (!message.method) {
      const answered = waiting.get(message.id);
      waiting.delete(message.id);
      if (message.error) answered?.reject(new Error(message.error.message));
      else answered?.resolve(message.result);
    } else if (message.id === undefined) {
      heard[message.method]?.(message.params ?? {});
    } else if (asked[message.method]) {
      send({ id: message.id, result: asked[message.method]() });
    } else {
      send({ id: message.id, error: { code: -32601, message: `${message.method} is unknown to this view` } });
    }
  });

  const ready = request('ui/initialize', {
    appInfo: { name: 'talkover-calls', title: 'Talkover calls', version: '1.0.0' },
    appCapabilities: { availableDisplayModes: ['inline', 'fullscreen'] },
    protocolVersion: VERSION,
  }).then(({ hostCapabilities, hostContext }) => {
    can = hostCapabilities ?? {};
    learn(hostContext ?? {});
    notify('ui/notifications/initialized');
  });

  return {
    ready,
    /** Whether the host passes calls of tools on to the server. */
    get callsTools() { return Boolean(can.serverTools); },
    /** Whether the host takes messages into the conversation. */
    get takesMessages() { return Boolean(can.message); },
    /** Whether the host gives files to the user. */
    get savesFiles() { return Boolean(can.downloadFile); },
    save: (name, mimeType, text) => request('ui/download-file', { contents: [{ type: 'resource', resource: { uri: `file:///${name}`, mimeType, text } }] }),
    call: (name, args) => request('tools/call', { name, arguments: args }),
    say: text => request('ui/message', { role: 'user', content: [{ type: 'text', text }] }),
    showAs: mode => request('ui/request-display-mode', { mode }),
    sized: (width, height) => notify('ui/notifications/size-changed', { width, height }),
  };
}
