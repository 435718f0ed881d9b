/** What becomes of a command by the answer to its question. */
import type { Consent } from '../../terminal.ts';
import type { Ending } from '../change.ts';
import { EXIT } from '../context.ts';

/** Undefined where the answer is yes. */
export function afterAnswer(
  answer: Consent,
  { nobody = 'nobody answered; --yes goes ahead without asking.' } = {},
): Ending | undefined {
  switch (answer) {
    case 'yes':
      return undefined;
    case 'no':
      return { code: EXIT.problems, text: 'Nothing was changed.' };
    case 'nobody':
      return { code: EXIT.refused, text: `Nothing was changed: ${nobody}` };
    case 'interrupted':
      return { code: EXIT.interrupted, text: 'Nothing was changed.' };
  }
}
