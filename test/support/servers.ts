/** Which real servers are on this machine: Debian's redis-server, and what scripts/fetch-servers.sh brought. */
import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { isSince, type Since } from '../../src/topology/releases.ts';
import type { ServerFacts } from '../../src/topology/server-facts.ts';

export interface ServerBuild {
  /** Product and minor version: `redis-7.0`. */
  readonly name: string;
  readonly product: 'redis' | 'valkey';
  readonly version: string;
  readonly server: string;
  readonly cli: string;
}

/** As the sources take it, so that tests ask with the sources' own table since when servers do what. */
export function releaseOf(version: string): ServerFacts['release'] {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  return { major, minor };
}

export function isBuildSince(
  { product, version }: Pick<ServerBuild, 'product' | 'version'>,
  since: Since,
): boolean {
  return isSince({ product, release: releaseOf(version) }, since);
}

const FETCHED = fileURLToPath(new URL('../../.servers/', import.meta.url));

/** Without these, what the README says of versions would be hope. CI sets SLOTCTL_REQUIRED_SERVERS to them. */
export const EXPECTED = ['redis-7.0', 'redis-8.6', 'valkey-9.1'];

export function installedServers(): ServerBuild[] {
  const found = process.env['SLOTCTL_TEST_SERVERS'];
  if (found !== undefined) return JSON.parse(found);
  const fetched = existsSync(FETCHED) ? readdirSync(FETCHED).sort() : [];
  const candidates = [
    { server: 'redis-server', cli: 'redis-cli' },
    { server: 'valkey-server', cli: 'valkey-cli' },
    ...fetched.map(name => ({ server: `${FETCHED}${name}/bin/server`, cli: `${FETCHED}${name}/bin/cli` })),
  ];
  const builds = new Map<string, ServerBuild>();
  for (const candidate of candidates) {
    const build = identify(candidate.server, candidate.cli);
    if (build && !builds.has(build.name)) builds.set(build.name, build);
  }
  return [...builds.values()];
}

function identify(server: string, cli: string): ServerBuild | undefined {
  let banner: string;
  try {
    banner = execFileSync(server, ['--version'], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] });
  } catch {
    return undefined;
  }
  const match = /^(Redis|Valkey) server v=((\d+\.\d+)\.\d+)/.exec(banner);
  if (!match) return undefined;
  const product = match[1] === 'Valkey' ? 'valkey' : 'redis';
  return { name: `${product}-${match[3]}`, product, version: match[2] ?? '', server, cli };
}

/** The builds that version-dependent tests run on. Says which are missing; in CI that is an error. */
export function serversUnderTest(): ServerBuild[] {
  const installed = installedServers();
  const absent = EXPECTED.filter(name => !installed.some(build => build.name === name));
  const required = (process.env['SLOTCTL_REQUIRED_SERVERS'] ?? '').split(/[ ,]+/).filter(name => name !== '');
  const lacking = required.filter(name => !installed.some(build => build.name === name));
  if (lacking.length > 0) throw new Error(`these servers must be present and are not: ${lacking.join(', ')}`);
  if (installed.length === 0)
    throw new Error('no redis-server on this machine: apt-get install redis-server');
  if (absent.length > 0) {
    console.warn(`not tested, because not present: ${absent.join(', ')} (npm run servers fetches them)`);
  }
  return installed;
}

/** For tests of what does not differ by version. */
export function anyServer(): ServerBuild {
  const [first] = installedServers();
  if (!first) throw new Error('no redis-server on this machine: apt-get install redis-server');
  return first;
}
