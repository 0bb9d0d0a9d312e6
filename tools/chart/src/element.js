// Makes elements of HTML and SVG. Words go in as text nodes alone, so that no label of others can become markup.

/**
 * Makes an element: h('p', { class: 'when' }, 'words', child).
 * A property that begins with "on" is a listener; one that is false, null or undefined is left out.
 */
export function h(name, properties = {}, ...children) {
  return filled(document.createElement(name), properties, children);
}
/** Makes an element of SVG. */
export const svg = (name, properties = {}, ...children) => filled(document.createElementNS('http://www.w3.org/2000/svg', name), properties, children);

function filled(element, properties, children) {
  for (const [name, value] of Object.entries(properties)) {
    if (value === false || value === null || value === undefined) continue;
    if (name.startsWith('on')) element.addEventListener(name.slice(2), value);
    else element.setAttribute(name, value === true ? '' : value);
  }
  element.append(...children.flat().filter(child => child !== false && child !== null && child !== undefined && child !== ''));
  return element;
}

/** The colour of a series, as CSS writes it. */
export const colour = name => `var(--${name})`;

/** Cuts text to what fits a width in pixels, at the size of the labels of a picture. */
export function fitted(text, width, font = labelFont()) {
  if (widthOf(text, font) <= width) return text;
  const letters = Array.from(text.slice(0, 200)); // so that no letter of two code units is cut in half
  const cut = n => `${letters.slice(0, n).join('').trimEnd()}…`;
  let low = 0;
  let high = letters.length;
  while (low < high) {
    const middle = Math.ceil((low + high) / 2);
    if (widthOf(cut(middle), font) <= width) low = middle;
    else high = middle - 1;
  }
  return cut(low);
}

const canvas = document.createElement('canvas').getContext('2d');
/** The width of a text in pixels. */
export function widthOf(text, font = labelFont()) {
  canvas.font = font;
  return canvas.measureText(text.length > 400 ? text.slice(0, 400) : text).width;
}
const labelFont = () => `12px ${getComputedStyle(document.documentElement).fontFamily}`;
