// Before the tests: they run against real servers, so there has to be one. Where it may, this installs Debian's.
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';

const works = (program, args) => spawnSync(program, args, { stdio: 'ignore' }).status === 0;
const fetched =
  existsSync('.servers') && readdirSync('.servers').some(name => existsSync(`.servers/${name}/bin/server`));

if (!fetched && !works('redis-server', ['--version']) && !works('valkey-server', ['--version'])) {
  const sudo = process.getuid?.() === 0 ? [] : ['sudo', '-n'];
  const mayInstall = works('apt-get', ['--version']) && (sudo.length === 0 || works('sudo', ['-n', 'true']));
  if (!mayInstall || !install([...sudo, 'env', 'DEBIAN_FRONTEND=noninteractive'])) {
    console.error('The tests need a Redis or Valkey server, 7.0 or later: apt-get install redis-server');
    process.exitCode = 1;
  }
}

function install(prefix) {
  // The service that the package would start is not wanted: tests start their own servers.
  const apt = ['apt-get', '-qq', '-o', 'Dpkg::Use-Pty=0', '-o', 'DPkg::Options::=--force-confdef'];
  const run = words =>
    spawnSync(prefix[0], [...prefix.slice(1), ...words], { stdio: ['ignore', 'ignore', 'inherit'] });
  run([...apt, 'update']);
  const before = works('systemctl', ['is-active', '--quiet', 'redis-server']);
  const ok = run([...apt, 'install', '-y', '--no-install-recommends', 'redis-server']).status === 0;
  if (ok && !before) run(['sh', '-c', 'systemctl disable --now redis-server >/dev/null 2>&1 || true']);
  return ok && works('redis-server', ['--version']);
}
