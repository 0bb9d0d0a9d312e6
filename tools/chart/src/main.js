// The page: what the host sends goes in, and a picture comes out. Without a host it shows the answer that stands in the file.

import { connect } from './bridge.js';
import { read } from './answer.js';
import { useLocale } from './format.js';
import { View } from './view.js';

const embedded = document.getElementById('answer');
const root = document.documentElement;
const dark = matchMedia('(prefers-color-scheme: dark)');

function theme(name) {
  root.dataset.theme = name;
  root.style.colorScheme = name;
}

/** Shows a view as it stands on paper while it is printed, and then as before. */
function prints(view) {
  let before;
  window.addEventListener('beforeprint', () => {
    before ??= root.dataset.theme;
    theme('light');
    root.classList.add('paper');
    view.print(true);
  });
  window.addEventListener('afterprint', () => {
    if (before) theme(before);
    before = undefined;
    root.classList.remove('paper');
    view.print(false);
  });
}

if (embedded) {
  const { tool, arguments: args, result } = JSON.parse(embedded.textContent);
  root.classList.add('page');
  const view = new View(document.getElementById('view'), {});
  const dress = () => { theme(dark.matches ? 'dark' : 'light'); view.draw(); };
  view.show(read(result, { tool, args }));
  dress();
  dark.addEventListener('change', dress);
  view.watch(() => {});
  prints(view);
} else if (window.parent !== window) {
  theme(dark.matches ? 'dark' : 'light');
  live();
} else {
  document.getElementById('view').textContent = 'This page shows answers of talkover-mcp inside a chat. To see one here: talkover-mcp chart TOOL > calls.html';
}

function live() {
  let asked = {};
  let context = {};
  const host = connect({
    input: args => { asked = { ...asked, args }; view.wait(); },
    result: result => {
      performance.mark('talkover-result');
      view.show(read(result, { tool: asked.tool ?? context.toolInfo?.tool?.name, args: asked.args }));
      performance.measure('talkover-drawn', 'talkover-result');
    },
    cancelled: reason => view.show({ kind: 'error', text: `The question was cancelled${reason ? `: ${reason}` : ''}.` }),
    context: news => {
      context = news;
      if (news.theme) theme(news.theme);
      for (const [name, value] of Object.entries(news.styles?.variables ?? {})) if (name.startsWith('--') && value) root.style.setProperty(name, value);
      useLocale(news.locale);
      root.classList.toggle('full', news.displayMode === 'fullscreen');
      view.dress(news);
    },
  });
  const view = new View(document.getElementById('view'), { host, read });
  view.wait();
  prints(view);
  host.ready.then(() => view.watch((width, height) => host.sized(width, height)), error => view.show({ kind: 'error', text: error.message }));
}
