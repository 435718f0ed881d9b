// Runs a TypeScript program of this repository: scripts/run.mjs bench/index.ts check --nodes 6
// Node 20 cannot, so it is bundled first; packages stay where they are.
import { mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { build } from 'esbuild';

const [program, ...args] = process.argv.slice(2);
// Inside the project, so that packages are found.
const folder = mkdtempSync(join('node_modules', '.run-'));
process.on('exit', () => rmSync(folder, { recursive: true, force: true }));
const outfile = join(folder, 'program.mjs');
await build({
  entryPoints: [program],
  outfile,
  bundle: true,
  platform: 'node',
  format: 'esm',
  target: 'node20.17',
  packages: 'external',
  // Files that the program looks for beside its own source are found from there.
  plugins: [
    {
      name: 'source-url',
      setup(b) {
        b.onLoad({ filter: /\/(test|bench)\/.*\.ts$/ }, async ({ path }) => {
          const { readFile } = await import('node:fs/promises');
          const source = await readFile(path, 'utf8');
          return {
            contents: source.replaceAll('import.meta.url', JSON.stringify(pathToFileURL(path).href)),
            loader: 'ts',
          };
        });
      },
    },
  ],
});
process.argv = [process.argv[0], program, ...args];
await import(pathToFileURL(outfile).href);
