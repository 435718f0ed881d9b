/** Asks whether to go on, where the answer is yes or the end. */
import { type Context, EXIT, type ExitCode } from '../context.ts';

/** Undefined: go on. */
export async function askLeave(question: string, { terminal }: Context): Promise<ExitCode | undefined> {
  switch (await terminal.confirm(question)) {
    case 'yes':
      return undefined;
    case 'no':
      terminal.warn('Nothing was changed.');
      return EXIT.problems;
    case 'interrupted':
      terminal.warn('Nothing was changed.');
      return EXIT.interrupted;
    case 'nobody':
      terminal.warn('Nothing was changed: nobody answered; --yes goes ahead without asking.');
      return EXIT.refused;
  }
}
