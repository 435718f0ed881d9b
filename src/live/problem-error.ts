/** Ends a piece of work before its end: why, as a kind with fields. */
export class ProblemError<P extends { readonly kind: string }> extends Error {
  readonly problem: P;

  constructor(problem: P) {
    super(problem.kind);
    this.problem = problem;
  }
}
