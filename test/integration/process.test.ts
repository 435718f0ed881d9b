/** The built program as a process: pipes, signals, the process list, and what stands in files. */
import { type ChildProcess, execFile, execFileSync, spawn, spawnSync } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import {
  existsSync,
  lstatSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { TestCluster } from '../support/cluster.ts';
import { workingFolder } from '../support/end-leftovers.ts';
import { until } from '../support/poll.ts';
import { BIN, inTerminal, slotctlProcess } from '../support/run-slotctl.ts';
import { anyServer } from '../support/servers.ts';
import { removeFolder, tempFolder } from '../support/temp-folder.ts';

let cluster: TestCluster;
let folder: string;
beforeAll(async () => {
  folder = tempFolder('process');
  cluster = await TestCluster.start({ build: anyServer() });
});
afterAll(async () => {
  await cluster.dispose();
  removeFolder(folder);
});

const HIDE_CURSOR = '\u001b[?25l';
const SHOW_CURSOR = '\u001b[?25h';

const onTestEnd = (child: { kill(signal: NodeJS.Signals): unknown }) => () => void child.kill('SIGKILL');

describe('the program', () => {
  test('a healthy check: exit 0 and not a byte on stderr', async () => {
    const { code, stdout, stderr } = await slotctlProcess(['check', cluster.entry]);
    expect(stderr).toBe('');
    expect(stdout).toContain('[OK] All 16384 slots covered.');
    expect(code).toBe(0);
  });

  test('without a terminal there are no escape codes, with FORCE_COLOR there are, and NO_COLOR is obeyed', async () => {
    const csi = '\u001b[';
    expect((await slotctlProcess(['check', cluster.entry], { env: { TERM: 'xterm' } })).stdout).not.toContain(
      csi,
    );
    expect((await slotctlProcess(['check', cluster.entry], { env: { FORCE_COLOR: '1' } })).stdout).toContain(
      csi,
    );
    const env = { FORCE_COLOR: '1', NO_COLOR: '1' };
    expect((await slotctlProcess(['check', cluster.entry], { env })).stdout).not.toContain(csi);
  });

  test('a reader that goes away ends the output, not the check', async () => {
    const child = spawn(process.execPath, [BIN, 'check', cluster.entry], {
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    child.stdout.destroy();
    let stderr = '';
    child.stderr.on('data', chunk => {
      stderr += chunk;
    });
    const [code] = await once(child, 'close');
    expect(stderr).toBe('');
    expect(code).toBe(0);
  });

  test.each(['SIGINT', 'SIGTERM'] as const)('%s while waiting: exit 130, one line', async signal => {
    const stopped = cluster.node(5);
    stopped.signal('SIGSTOP');
    const child = spawn(process.execPath, [BIN, 'check', cluster.entry, '--trace'], {
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    try {
      let stderr = '';
      child.stderr.on('data', chunk => {
        stderr += chunk;
      });
      await until('the stopped node has been asked', () => stderr.includes(`${stopped.address} > INFO`));
      child.kill(signal);
      const [code] = await once(child, 'close');
      expect(stderr.trim().split('\n').at(-1)).toBe('slotctl: interrupted');
      expect(code).toBe(130);
    } finally {
      onTestEnd(child)();
      stopped.signal('SIGCONT');
      await cluster.settled();
    }
  });

  test('a password on the command line disappears from the process list', async () => {
    // The one that is asked first, so that the program waits.
    const stopped = cluster.node(0);
    stopped.signal('SIGSTOP');
    const args = [
      'check',
      `redis://${cluster.entry}`,
      '-a',
      's3cret-in-argv',
      '--trace',
      '--no-auth-warning',
    ];
    const child = spawn(process.execPath, [BIN, ...args], { stdio: ['ignore', 'ignore', 'pipe'] });
    try {
      let stderr = '';
      child.stderr.on('data', chunk => {
        stderr += chunk;
      });
      await until('it has started to ask', () => stderr.includes('> AUTH'));
      expect(readFileSync(`/proc/${child.pid}/cmdline`, 'utf8')).not.toContain('s3cret-in-argv');
      expect(stderr).not.toContain('s3cret-in-argv');
    } finally {
      onTestEnd(child)();
      stopped.signal('SIGCONT');
      await cluster.settled();
    }
  });

  test.each([
    ['SENTINEL SET m auth-pass s3cret-in-argv'],
    ['config set masterauth s3cret-in-argv'],
    ['ACL SETUSER nobody >s3cret-in-argv'],
    ['HELLO 2 AUTH nobody s3cret-in-argv'],
    ['MIGRATE 127.0.0.1 1 k 0 1 AUTH s3cret-in-argv'],
  ])('call … %s: it disappears from the process list, too', async line => {
    const stopped = cluster.node(0);
    stopped.signal('SIGSTOP');
    const args = ['call', '--trace', cluster.entry, ...line.split(' ')];
    const child = spawn(process.execPath, [BIN, ...args], { stdio: ['ignore', 'ignore', 'pipe'] });
    try {
      let stderr = '';
      child.stderr.on('data', chunk => {
        stderr += chunk;
      });
      await until('it has started to ask', () => stderr.includes('> '));
      expect(readFileSync(`/proc/${child.pid}/cmdline`, 'utf8')).not.toContain('s3cret-in-argv');
    } finally {
      onTestEnd(child)();
      stopped.signal('SIGCONT');
      await cluster.settled();
    }
  });

  test('--askpass without a terminal reads the first line of standard input', async () => {
    const run = await slotctlProcess(['check', cluster.entry, '--askpass'], { input: 'anything\nelse\n' });
    // The servers have no password, and say so: it has been sent.
    expect(run.stderr).toMatch(
      /AUTH was refused: ERR AUTH <password> called without any password configured/,
    );
    expect(run.code).toBe(3);
  });

  test('--output replaces a file in one step, and leaves nothing else behind', async () => {
    const file = join(folder, 'slotctl.prom');
    writeFileSync(file, 'old');
    const before = statSync(file).ino;
    const run = await slotctlProcess(['check', cluster.entry, '--format', 'prometheus', '--output', file]);
    expect(run).toEqual({ code: 0, stdout: '', stderr: '' });
    const text = readFileSync(file, 'utf8');
    expect(text).toContain('slotctl_cluster_healthy 1\n');
    expect(text).toMatch(
      /^slotctl_node_up\{node="127\.0\.0\.\d:\d+",id="[0-9a-f]{40}",role="(primary|replica)"\} 1$/m,
    );
    expect(text.endsWith('\n')).toBe(true);
    expect(statSync(file).ino).not.toBe(before);
    expect(readdirSync(folder)).toEqual(['slotctl.prom']);
    expect(statSync(file).mode & 0o777).toBe(0o644);
  });

  test('--output as text is not left empty by a cluster that cannot be asked', async () => {
    const file = join(folder, 'down.txt');
    const run = await slotctlProcess(['check', '127.0.0.1:1', '--quiet', '-o', file]);
    expect(run.code).toBe(3);
    expect(readFileSync(file, 'utf8')).toBe('[ERR] 127.0.0.1:1: connection refused: nothing listens there\n');
    removeFolder(file);
  });

  test('--output tells Prometheus of a cluster that cannot be asked', async () => {
    const file = join(folder, 'down.prom');
    const run = await slotctlProcess(['check', '127.0.0.1:1', '--format', 'prometheus', '-o', file]);
    expect(run.code).toBe(3);
    expect(readFileSync(file, 'utf8')).toMatch(/^slotctl_check_up 0$[\s\S]*^slotctl_cluster_healthy 0$/m);
    removeFolder(file);
  });

  test('--output: a link stays a link, a mode stays a mode, and what is no file is written to as it is', async () => {
    const [file, link, pipe] = [join(folder, 'target'), join(folder, 'link'), join(folder, 'pipe')];
    writeFileSync(file, 'old', { mode: 0o640 });
    symlinkSync(file, link);
    await slotctlProcess(['check', cluster.entry, '--json', '-o', link]);
    expect(lstatSync(link).isSymbolicLink()).toBe(true);
    expect(readFileSync(file, 'utf8')).toContain('"format": "slotctl-check"');
    expect(statSync(file).mode & 0o777).toBe(0o640);
    execFileSync('mkfifo', [pipe]);
    const reader = spawn('cat', [pipe], { stdio: ['ignore', 'pipe', 'inherit'] });
    const [[text]] = await Promise.all([
      once(reader.stdout, 'data'),
      slotctlProcess(['check', cluster.entry, '--json', '-o', pipe]),
    ]);
    expect(String(text)).toContain('"format": "slotctl-check"');
    expect(lstatSync(pipe).isFIFO()).toBe(true);
    for (const path of [file, link, pipe]) removeFolder(path);
  });

  test('--output is readable for a collector whatever the umask, and - is standard output', async () => {
    const file = join(folder, 'umask.prom');
    execFileSync('sh', [
      '-c',
      'umask 077; "$@"',
      'sh',
      process.execPath,
      BIN,
      'check',
      cluster.entry,
      '-o',
      file,
    ]);
    expect(statSync(file).mode & 0o777).toBe(0o644);
    removeFolder(file);
    const { stdout } = await slotctlProcess(['check', cluster.entry, '--json', '-o', '-']);
    expect(JSON.parse(stdout)).toMatchObject({ healthy: true, failed: false });
  });

  test('a full disk behind standard output is told, and fails the check', async () => {
    const words = ['-c', '"$@" > /dev/full', 'sh', process.execPath, BIN, 'check', cluster.entry];
    const child = spawn('sh', words, { stdio: ['ignore', 'ignore', 'pipe'] });
    let stderr = '';
    child.stderr.on('data', chunk => {
      stderr += chunk;
    });
    const [code] = await once(child, 'close');
    expect(stderr).toMatch(/^slotctl: the output could not be written: .*ENOSPC.*\n$/);
    expect(code).toBe(1);
  });

  test('a full disk behind stderr fails the check, and does not keep it busy', async () => {
    for (const streams of ['2>/dev/full', '>/dev/full 2>/dev/full']) {
      const words = ['-c', `"$@" ${streams}`, 'sh', process.execPath, BIN, 'check', cluster.entry, '--trace'];
      const child = spawn('sh', words, { stdio: 'ignore' });
      const [code] = await once(child, 'close');
      expect(code).toBe(1);
    }
  });

  test('--output to a pipe that nobody reads does not wait for a reader', async () => {
    const pipe = join(folder, 'unread');
    execFileSync('mkfifo', [pipe]);
    const run = await slotctlProcess(['check', cluster.entry, '-o', pipe]);
    removeFolder(pipe);
    expect(run).toMatchObject({ code: 1, stdout: '' });
    expect(run.stderr).toMatch(/unread cannot be written: ENXIO/);
  });

  test('--output to where nothing can be written', async () => {
    const run = await slotctlProcess(['check', cluster.entry, '-o', join(folder, 'no', 'such', 'folder')]);
    expect(run).toMatchObject({ code: 1, stdout: '' });
    expect(run.stderr).toMatch(/cannot be written: ENOENT/);
    expect(run.stderr.trim().split('\n')).toHaveLength(1);
  });
});

describe('a resolver that never answers', () => {
  // Another resolv.conf takes a mount of our own, and port 53 takes root; CI has both.
  const able = spawnSync('unshare', ['-m', 'true']).status === 0 && process.getuid?.() === 0;

  test.runIf(able)('is asked once for each kind of address, and is not waited for twice', async () => {
    const questions: Buffer[] = [];
    const resolver = createSocket('udp4', question => void questions.push(question));
    await new Promise<void>(resolve => resolver.bind(53, '127.0.0.99', resolve));
    const conf = join(folder, 'resolv.conf');
    writeFileSync(conf, 'nameserver 127.0.0.99\n');
    const script = 'mount --bind "$1" /etc/resolv.conf && shift && exec "$@"';
    const words = [
      '-m',
      'sh',
      '-c',
      script,
      'sh',
      conf,
      process.execPath,
      BIN,
      'check',
      'host.example:7000',
      '-t',
      '1',
    ];
    const child = spawn('unshare', words, { stdio: ['ignore', 'pipe', 'pipe'] });
    let stderr = '';
    child.stderr.on('data', chunk => {
      stderr += chunk;
    });
    const [code] = await once(child, 'close');
    resolver.close();
    removeFolder(conf);
    expect(stderr).toMatch(
      /^host\.example:7000: (no connection within 1 s|the host name could not be looked up)\n$/,
    );
    expect(code).toBe(3);
    const kinds = questions.map(question => question.subarray(-4, -2).toString('hex'));
    expect(new Set(kinds).size).toBe(kinds.length);
    expect(kinds.length).toBeGreaterThan(0);
  });
});

describe('on a terminal', () => {
  test('info is a table, in colour', async () => {
    const { code, screen } = await inTerminal([BIN, 'info', cluster.entry]);
    expect(screen).toMatch(
      /127\.0\.0\.1:\d+ +primary +127\.0\.0\.1 +5461 +33\.3 % +0 +\d\.\d MB +\d+ +\d+ +1/,
    );
    expect(screen).toContain('\u001b[32m[OK] 0 keys in 3 masters.');
    expect(code).toBe(0);
  });

  test('a spinner tells what is waited for, and leaves no trace', async () => {
    const stopped = cluster.node(5);
    stopped.signal('SIGSTOP');
    const check = [BIN, 'check', cluster.entry, '--reply-timeout', '1'];
    const all = Promise.all([
      inTerminal(check),
      inTerminal(check, { columns: 0 }),
      inTerminal(check, { env: { CI: 'true' } }),
    ]);
    const [{ screen }, windowless, unwatched] = await all.finally(() => stopped.signal('SIGCONT'));
    await cluster.settled();
    expect(screen).toMatch(/5 of 6 nodes have answered/);
    expect(screen.lastIndexOf(SHOW_CURSOR)).toBeGreaterThan(screen.lastIndexOf(HIDE_CURSOR));
    // A terminal without a window gets none, nor does one that nobody watches.
    for (const { screen: still, code } of [windowless, unwatched]) {
      expect(still).not.toContain('nodes have answered');
      expect(code).toBe(1);
    }
  });

  test('--askpass asks, and does not show what is typed', async () => {
    const { screen } = await inTerminal([BIN, 'check', cluster.entry, '--askpass'], {
      answer: { when: 'Please input password:', type: 'typed-s3cret\r' },
    });
    expect(screen).toContain('AUTH was refused');
    expect(screen).not.toContain('typed-s3cret');
  });

  test('Ctrl-C at the question is an interrupt', async () => {
    const { code, screen } = await inTerminal([BIN, 'check', cluster.entry, '--askpass'], {
      answer: { when: 'Please input password:', type: '\u0003' },
    });
    expect(screen).toContain('slotctl: interrupted');
    expect(code).toBe(130);
  });
});

describe('the demo', () => {
  function startDemo(): { demo: ChildProcess; text: () => string; root: string } {
    const root = tempFolder('demo');
    const project = join(BIN, '..', '..');
    const env = { ...process.env, SLOTCTL_TEST_ROOT: root };
    const demo = spawn(process.execPath, ['scripts/run.mjs', 'test/support/demo.ts'], { cwd: project, env });
    let stdout = '';
    demo.stdout.on('data', chunk => {
      stdout += chunk;
    });
    return { demo, text: () => stdout, root };
  }

  function expectNothingLeft(root: string): void {
    expect(readdirSync(root)).toEqual([]);
    const working = readdirSync('/proc').filter(
      pid => /^\d+$/.test(pid) && workingFolder(pid)?.startsWith(root),
    );
    expect(working).toEqual([]);
    removeFolder(root);
  }

  test('shows a healthy cluster, then a broken one, and leaves nothing behind', async () => {
    const { demo, text, root } = startDemo();
    const [code] = await once(demo, 'close');
    expect(text()).toContain('nothing is wrong.\nexit code 0\n');
    expect(text()).toMatch(/\[ERR\] 127\.0\.0\.2:\d+ could not be asked: connection refused/);
    expect(text()).toContain('has slot 42 in migrating state');
    expect(text().match(/exit code 1/g)).toHaveLength(2);
    expect(code).toBe(0);
    expectNothingLeft(root);
  });

  test('leaves nothing behind when it is ended early', async () => {
    const { demo, root } = startDemo();
    await until('its servers are there', () => readdirSync(root).length === 7);
    demo.kill('SIGTERM');
    const [code] = await once(demo, 'close');
    expect(code).toBe(130);
    await until('its servers are gone', () => {
      return !readdirSync('/proc').some(pid => /^\d+$/.test(pid) && workingFolder(pid)?.startsWith(root));
    });
    expectNothingLeft(root);
  });
});

describe('the package', () => {
  test('npm pack gives a tarball that installs and runs elsewhere', async () => {
    const project = join(BIN, '..', '..');
    const npm = (args: string[], cwd: string) =>
      new Promise<string>((resolve, reject) => {
        execFile('npm', args, { cwd }, (error, stdout, stderr) =>
          error ? reject(new Error(stderr)) : resolve(stdout),
        );
      });
    // As npm does around it; building anew would take the program away from other tests.
    execFileSync(process.execPath, ['scripts/shrinkwrap.mjs'], { cwd: project });
    onTestFinished(
      () => void execFileSync(process.execPath, ['scripts/shrinkwrap.mjs', '--remove'], { cwd: project }),
    );
    const packed = await npm(['pack', '--json', '--ignore-scripts', '--pack-destination', folder], project);
    const [{ filename, files }] = JSON.parse(packed) as [{ filename: string; files: { path: string }[] }];
    expect(files.map(f => f.path)).toEqual(
      expect.arrayContaining(['LICENSE', 'README.md', 'bin/slotctl.js', 'dist/slotctl.js', 'package.json']),
    );
    expect(files.map(f => f.path)).toContain('npm-shrinkwrap.json');
    expect(files.filter(f => /^(src|test|fixtures|bench|\.servers)\//.test(f.path))).toEqual([]);
    const elsewhere = join(folder, 'elsewhere');
    await npm(['install', '--prefix', elsewhere, '--no-audit', '--no-fund', join(folder, filename)], folder);
    const shrinkwrap = join(elsewhere, 'node_modules', 'slotctl', 'npm-shrinkwrap.json');
    const pinned: Record<string, { version: string; integrity?: string; dev?: true }> = JSON.parse(
      readFileSync(shrinkwrap, 'utf8'),
    ).packages;
    const locked = JSON.parse(readFileSync(join(project, 'package-lock.json'), 'utf8')).packages;
    for (const [path, { version, integrity, dev }] of Object.entries(pinned)) {
      if (path === '') continue;
      expect({ path, version, dev, integrity }).toEqual({
        path,
        version: locked[path].version,
        dev: undefined,
        integrity: locked[path].integrity,
      });
      // Exactly these have come along.
      const installed = [join(elsewhere, 'node_modules', 'slotctl', path), join(elsewhere, path)]
        .map(at => join(at, 'package.json'))
        .find(existsSync);
      expect(JSON.parse(readFileSync(installed ?? '', 'utf8'))).toMatchObject({ version });
    }
    expect(Object.keys(pinned)).toContain('node_modules/inquirer');
    const bin = join(elsewhere, 'node_modules', '.bin', 'slotctl');
    const run = await slotctlProcess(['check', cluster.entry], { bin });
    expect(run).toMatchObject({ code: 0, stderr: '' });
    // What is loaded only for terminals has come along too.
    const { code, screen } = await inTerminal([bin, 'info', cluster.entry]);
    expect(screen).toMatch(/127\.0\.0\.1:\d+ +primary +127\.0\.0\.1 +5461/);
    expect(code).toBe(0);
    removeFolder(join(folder, filename));
  });
});
