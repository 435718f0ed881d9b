/** How text is coloured. Reports ask for a meaning; what that looks like, if anything, the terminal decides. */
export interface Paint {
  readonly heading: (text: string) => string;
  readonly good: (text: string) => string;
  readonly warning: (text: string) => string;
  readonly bad: (text: string) => string;
  readonly faint: (text: string) => string;
}

const asIs = (text: string) => text;

export const plain: Paint = { heading: asIs, good: asIs, warning: asIs, bad: asIs, faint: asIs };

const sgr = (code: string) => (text: string) => `\u001b[${code}m${text}\u001b[0m`;

export const coloured: Paint = {
  heading: sgr('1'),
  good: sgr('32'),
  warning: sgr('33'),
  bad: sgr('31'),
  faint: sgr('2'),
};
