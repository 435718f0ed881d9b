/** Faults that hit slotctl itself. The servers lose nothing by them, so nothing at all may be lost. */
import { type Fault, sometime, type Underway } from './scene.ts';

async function signalled({ work, random, span, hit }: Underway, signal: NodeJS.Signals): Promise<void> {
  await sometime(random, span);
  hit();
  work.child.kill(signal);
}

export const NOTHING: Fault = {
  name: 'nothing',
  async strike() {},
};

export const KILLED: Fault = {
  name: 'slotctl killed',
  strike: scene => signalled(scene, 'SIGKILL'),
};

export const CTRL_C: Fault = {
  name: 'Ctrl-C',
  strike: scene => signalled(scene, 'SIGINT'),
};

export const CTRL_C_TWICE: Fault = {
  name: 'Ctrl-C twice',
  async strike(scene) {
    await signalled(scene, 'SIGINT');
    await sometime(scene.random, { from: 5, to: 60 });
    scene.work.child.kill('SIGINT');
  },
};
