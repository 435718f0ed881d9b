// The exact versions that were tested, for whoever installs the package: npm-shrinkwrap.json is the lock file without
// what is needed only here. It is there while npm packs (prepack, postpack), so that there is one lock file to keep.
import { readFileSync, rmSync, writeFileSync } from 'node:fs';

const SHRINKWRAP = 'npm-shrinkwrap.json';

if (process.argv.includes('--remove')) rmSync(SHRINKWRAP, { force: true });
else
  writeFileSync(
    SHRINKWRAP,
    `${JSON.stringify(forUsers(JSON.parse(readFileSync('package-lock.json', 'utf8'))), null, 2)}\n`,
  );

function forUsers({ packages, ...lock }) {
  const { '': root, ...others } = packages;
  const { devDependencies: _, ...ours } = root;
  const theirs = Object.entries(others).filter(([, { dev, devOptional }]) => !dev && !devOptional);
  // Without an integrity nothing is pinned.
  const loose = theirs.filter(([, { integrity }]) => !integrity).map(([path]) => path);
  if (loose.length > 0) throw new Error(`package-lock.json has no integrity for ${loose.join(', ')}`);
  return { ...lock, packages: { '': ours, ...Object.fromEntries(theirs) } };
}
