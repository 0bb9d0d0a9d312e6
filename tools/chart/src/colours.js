// Mixes colours for heat maps, from the page's background to the colour of the series, and finds the text colour for each.

const probe = document.createElement('canvas').getContext('2d', { willReadFrequently: true });

/** Reads a colour as red, green and blue from 0 to 255, whatever CSS writes it as. */
export function rgb(css) {
  probe.clearRect(0, 0, 1, 1);
  probe.fillStyle = css;
  probe.fillRect(0, 0, 1, 1);
  return [...probe.getImageData(0, 0, 1, 1).data.slice(0, 3)];
}

const page = () => rgb(getComputedStyle(document.body).backgroundColor);
function series(name) {
  const known = getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();
  return rgb(known || getComputedStyle(document.documentElement).getPropertyValue('--calls').trim());
}

/** The least share of the series' colour, so that one call can be told from none. */
const LEAST = 0.16;

const parts = (name, part) => {
  const share = LEAST + (1 - LEAST) * Math.max(0, Math.min(1, part));
  const [from, to] = [page(), series(name)];
  return from.map((v, i) => Math.round(v + (to[i] - v) * share));
};

/** The colour for a part from 0 to 1 of the most. */
export const mixed = (name, part) => `rgb(${parts(name, part).join(', ')})`;

/** Black or white, whichever has more contrast with that colour: always at least 4.5:1. */
export const readable = (name, part) => (luminance(parts(name, part)) > 0.179 ? '#000' : '#fff');

/** Relative luminance after WCAG 2.2. */
export function luminance(values) {
  const [r, g, b] = values.map(v => (v / 255 <= 0.04045 ? v / 255 / 12.92 : ((v / 255 + 0.055) / 1.055) ** 2.4));
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}
