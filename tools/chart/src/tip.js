// The places of a picture that tell their figures: by pointer in a box, by keyboard and to screen readers by their names.

import { colour, h, svg } from './element.js';

/**
 * Lays a rectangle over each group of a picture. One of them is in the tab order; arrow keys lead to the others.
 * @param {{x: number, y: number, width: number, height: number, title: string, lines: string[], open?: () => void, column?: number, row?: number}[]} places
 */
export function hits(figure, picture, places, { hint } = {}) {
  const box = h('div', { class: 'tip', hidden: true, 'aria-hidden': 'true' });
  const layer = svg('g', { class: 'hits' });
  const rects = places.map((place, i) => svg('rect', {
    x: place.x, y: place.y, width: Math.max(place.width, 1), height: Math.max(place.height, 1), rx: 2,
    tabindex: i ? -1 : 0, role: place.open ? 'button' : 'img', class: place.open && 'links', 'aria-label': `${place.title}: ${place.lines.join(', ')}`,
    onclick: place.open, onpointerenter: () => show(i), onpointerleave: hide, onfocus: () => show(i), onblur: hide,
    onkeydown: event => press(event, i),
  }));
  layer.append(...rects);
  picture.append(layer);
  figure.append(box);

  function show(i) {
    const { title, lines, open, x, y, width, height } = places[i];
    box.replaceChildren(h('b', {}, title), ...lines.map(line => h('span', {}, line)), open && hint ? h('span', {}, hint) : '');
    box.hidden = false;
    const scale = picture.getBoundingClientRect().width / picture.viewBox.baseVal.width || 1;
    const left = (x + width / 2) * scale - box.offsetWidth / 2;
    box.style.left = `${Math.max(0, Math.min(left, figure.clientWidth - box.offsetWidth))}px`;
    const top = picture.getBoundingClientRect().top - figure.getBoundingClientRect().top;
    const above = top + y * scale - box.offsetHeight - 6;
    const below = top + (y + height) * scale + 6;
    const fits = below + box.offsetHeight <= figure.clientHeight;
    box.style.top = `${above >= 0 || !fits ? Math.max(0, above) : below}px`;
  }
  function hide() { box.hidden = true; }

  function press(event, i) {
    if (event.key === 'Escape') return hide();
    if ((event.key === 'Enter' || event.key === ' ') && places[i].open) { event.preventDefault(); return places[i].open(); }
    const to = next(event.key, i);
    if (to === undefined || !rects[to]) return;
    event.preventDefault();
    rects[i].setAttribute('tabindex', -1);
    rects[to].setAttribute('tabindex', 0);
    rects[to].focus();
  }

  /** The place that a key leads to: in a grid the next one in its row or column, else the next in order. */
  function next(key, i) {
    if (key === 'Home') return 0;
    if (key === 'End') return places.length - 1;
    const step = { ArrowRight: [1, 0], ArrowLeft: [-1, 0], ArrowDown: [0, 1], ArrowUp: [0, -1] }[key];
    if (!step) return undefined;
    const { column, row } = places[i];
    if (column === undefined) return i + step[0] + step[1];
    const ahead = places.map((p, j) => ({ j, along: step[0] ? (p.column - column) * step[0] : (p.row - row) * step[1], same: step[0] ? p.row === row : p.column === column }))
      .filter(p => p.same && p.along > 0).sort((a, b) => a.along - b.along);
    return ahead[0]?.j;
  }
}

/** The patterns of what is not over, one a colour. */
export function hatches(names) {
  return svg('defs', {}, names.map(name => svg('pattern', { id: `hatch-${name}`, width: 6, height: 6, patternUnits: 'userSpaceOnUse', patternTransform: 'rotate(45)' },
    svg('rect', { width: 6, height: 6, style: `fill: ${colour(name)}; fill-opacity: .22` }),
    svg('rect', { width: 2.4, height: 6, style: `fill: ${colour(name)}` }))));
}
