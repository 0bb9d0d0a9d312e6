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

/** The size of labels in pictures, which is to be scaled. */
export const LABEL = 12;

/** The colour of a series, as CSS writes it. Figures without a colour of their own have that of calls. */
export const colour = name => `var(--${name}, var(--calls))`;

/** A size that is given for letters of 14 px, the page's own, in pixels: readers set larger letters in their browser. */
export const scaled = size => size * Number.parseFloat(getComputedStyle(document.documentElement).fontSize) / 14;

/** The letters that people see, which may have several code points: a flag, a family, a consonant with its vowel. */
const lettersOf = text => (Intl.Segmenter ? Array.from(new Intl.Segmenter().segment(text), part => part.segment) : Array.from(text));

/** Cuts text to what fits a width in pixels, at the size of the labels of a picture. */
export function fitted(text, width, size = LABEL) {
  if (widthOf(text, size) <= width) return text;
  const letters = lettersOf(text.slice(0, 200));
  const cut = n => `${letters.slice(0, n).join('').trimEnd()}…`;
  let low = 0;
  let high = letters.length;
  while (low < high) {
    const middle = Math.ceil((low + high) / 2);
    if (widthOf(cut(middle), size) <= width) low = middle;
    else high = middle - 1;
  }
  return cut(low);
}

const canvas = document.createElement('canvas').getContext('2d');
function measured(text, size) {
  canvas.font = `${scaled(size)}px ${getComputedStyle(document.documentElement).fontFamily}`;
  return canvas.measureText(text.length > 400 ? text.slice(0, 400) : text);
}

/** The width of a text in pixels, in letters of a size that is scaled. */
export const widthOf = (text, size = LABEL) => measured(text, size).width;

/** The height of a line of figures that are centred: fonts differ by a third in it. Pictures centre at 0.32 em above the line. */
export function lineOf(size) {
  const { fontBoundingBoxAscent: up, fontBoundingBoxDescent: down } = measured('0', size);
  const centre = 0.32 * scaled(size);
  return 2 * Math.max(up - centre, down + centre);
}
