// Reads a view as it stands in the browser: its texts, the sizes of its marks, and their contrast.

/** Everything that the checks want to know of a view, read in one go. */
export const look = frame => frame.evaluate(() => {
  const probe = document.createElement('canvas').getContext('2d', { willReadFrequently: true });
  const colours = new Map();
  const rgb = css => {
    if (!colours.has(css)) {
      probe.fillStyle = css;
      probe.fillRect(0, 0, 1, 1);
      colours.set(css, [...probe.getImageData(0, 0, 1, 1).data].slice(0, 3));
    }
    return colours.get(css);
  };
  const linear = v => (v / 255 <= 0.04045 ? v / 255 / 12.92 : ((v / 255 + 0.055) / 1.055) ** 2.4);
  const luminance = ([r, g, b]) => 0.2126 * linear(r) + 0.7152 * linear(g) + 0.0722 * linear(b);
  const contrast = (a, b) => {
    const [x, y] = [luminance(rgb(a)), luminance(rgb(b))].sort((p, q) => q - p);
    return Math.round((x + 0.05) / (y + 0.05) * 100) / 100;
  };
  const page = getComputedStyle(document.body).backgroundColor;
  /** Where an element is. Of SVG without its stroke, which firefox counts in and others do not. */
  const box = element => {
    const [b, m] = [element.getBBox(), element.getScreenCTM()];
    const [x, y, width, height] = [m.a * b.x + m.e, m.d * b.y + m.f, m.a * b.width, m.d * b.height];
    return { x, y, right: x + width, bottom: y + height, width, height };
  };
  const all = selector => [...document.querySelectorAll(selector)];
  /** The colour of a mark. That of a hatched one is the colour of its lines. */
  const paint = (element, kind) => {
    const css = getComputedStyle(element)[kind];
    const pattern = /url\("?#([\w-]+)"?\)/.exec(css)?.[1];
    return pattern ? getComputedStyle(element.ownerSVGElement.querySelector(`#${pattern} rect:last-child`)).fill : css;
  };
  const marks = all('figure svg [aria-label=bar] rect, figure svg [aria-label=cell] rect').map(rect => ({
    ...box(rect), kind: rect.parentElement.getAttribute('aria-label'), fill: paint(rect, 'fill'), hatched: /url/.test(getComputedStyle(rect).fill),
    backdrop: /hatch-none|--soft/.test(rect.getAttribute('fill') ?? rect.parentElement.getAttribute('fill') ?? ''),
  }));
  const strokes = all('figure svg [aria-label=line] path, figure svg [aria-label=rule] line, figure svg [aria-label=tick] line, figure svg [aria-label=dot] circle')
    .filter(e => !/grid|axis/.test(e.closest('g[aria-label]').getAttribute('aria-label'))).map(e => ({ ...box(e), stroke: paint(e, 'stroke') }));
  const texts = all('figure svg text').filter(t => t.textContent.trim()).map(t => {
    const b = box(t);
    const [x, y] = [(b.x + b.right) / 2, (b.y + b.bottom) / 2];
    const haloed = getComputedStyle(t).stroke !== 'none' || getComputedStyle(t.parentElement).stroke !== 'none';
    const under = haloed ? undefined : marks.findLast(m => m.x <= x && x <= m.right && m.y <= y && y <= m.bottom && !m.hatched);
    return { words: t.textContent, ...b, contrast: contrast(getComputedStyle(t).fill, under?.fill ?? page) };
  });
  return {
    title: document.querySelector('h1')?.textContent, text: document.body.innerText, page,
    places: all('.hits rect').map(r => ({ words: r.getAttribute('aria-label'), role: r.getAttribute('role'), ...box(r) })),
    marks: marks.map(m => ({ ...m, contrast: contrast(m.fill, page) })), strokes: strokes.map(s => ({ ...s, contrast: contrast(s.stroke, page) })), texts,
    figures: Object.fromEntries(all('[data-figure]').map(e => [e.dataset.figure, e.textContent])),
    changes: Object.fromEntries(all('[data-change]').map(e => [e.dataset.change, e.textContent])),
    legend: all('.legend li').map(li => li.textContent),
    head: all('thead th').map(th => th.textContent.replace(/ [▲▼]$/, '')), sorted: all('thead th').map(th => th.getAttribute('aria-sort')),
    rows: all('tbody tr').map(tr => [...tr.children].map(cell => cell.textContent)),
    coverage: document.querySelector('.coverage')?.textContent ?? '', badge: document.querySelector('.badge')?.textContent ?? '',
    width: innerWidth, scroll: document.documentElement.scrollWidth, height: document.documentElement.getBoundingClientRect().height,
    foreign: all('script, img, iframe, object, embed, svg foreignObject, a, link').map(e => e.outerHTML.slice(0, 60)).filter(html => !html.startsWith('<script>(()=>')),
    drawn: performance.getEntriesByName('talkover-drawn').at(-1)?.duration,
  };
});

/** What is wrong with a picture whatever it shows: labels that overlap or are cut, faint colours, a page that is too wide or too high. */
export function flaws(seen, { most = 500 } = {}) {
  const wrong = [];
  if (seen.scroll > seen.width) wrong.push(`the page is ${seen.scroll} px wide in ${seen.width} px`);
  if (seen.height > most) wrong.push(`the page is ${Math.round(seen.height)} px high, and hosts show ${most}`);
  for (const t of seen.texts) {
    if (t.x < -1 || t.right > seen.width + 1 || t.y < -1) wrong.push(`"${t.words}" is cut`);
    if (t.contrast < 4.5) wrong.push(`"${t.words}" has a contrast of ${t.contrast}`);
  }
  for (const [i, a] of seen.texts.entries()) {
    for (const b of seen.texts.slice(i + 1)) {
      const [wide, tall] = [Math.min(a.right, b.right) - Math.max(a.x, b.x), Math.min(a.bottom, b.bottom) - Math.max(a.y, b.y)];
      if (wide > 1 && tall > 4) wrong.push(`"${a.words}" and "${b.words}" overlap by ${Math.round(wide)} x ${Math.round(tall)} px`);
    }
  }
  for (const m of seen.marks) if (m.kind === 'bar' && !m.backdrop && m.contrast < 3) wrong.push(`a bar of ${m.fill} has a contrast of ${m.contrast}`);
  for (const s of seen.strokes) if (s.contrast < 3) wrong.push(`a line of ${s.stroke} has a contrast of ${s.contrast}`);
  const cells = seen.marks.filter(m => m.kind === 'cell');
  if (cells.length && Math.max(...cells.map(m => m.contrast)) < 3) wrong.push('no cell of the heat map has a contrast of 3');
  return [...new Set(wrong)];
}

/** The least contrasts of a picture, for the report. */
export const least = seen => ({
  marks: Math.min(...seen.marks.filter(m => m.kind === 'bar' && !m.backdrop).map(m => m.contrast), ...seen.strokes.map(s => s.contrast)),
  texts: Math.min(...seen.texts.map(t => t.contrast)),
});
