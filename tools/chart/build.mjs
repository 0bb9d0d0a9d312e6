// Builds the page out of src/ into one HTML file: node build.mjs FILE
// The same sources give the same bytes on every machine, so that .ci/apps/run can compare them with the committed ones.
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const source = name => fileURLToPath(new URL(`src/${name}`, import.meta.url));
const options = { bundle: true, minify: true, write: false, charset: 'utf8', target: ['chrome111', 'firefox113', 'safari16.4'] };

async function bundle(name, more) {
  const { outputFiles: [file] } = await build({ ...options, ...more, entryPoints: [source(name)] });
  return file.text.trim();
}

const parts = {
  style: await bundle('page.css'),
  script: await bundle('main.js', { format: 'iife', legalComments: 'none' }),
};
// A function, for $ in a replacement string has a meaning of its own.
const page = readFileSync(source('page.html'), 'utf8').replace(/\{\{(\w+)\}\}/g, (_, name) => parts[name]);
writeFileSync(process.argv[2], page);
