/** The clusters on which `check` is measured. */
export interface CheckSetting {
  readonly work: string;
  readonly nodes: number;
  /** Whether the servers take the time that a real one was measured to take, or answer at once. */
  readonly paced: boolean;
  /** Not with ten nodes: six real ones tell more about a small cluster. */
  readonly compared: boolean;
}

export const REAL: CheckSetting = { work: 'check 6 real nodes', nodes: 6, paced: false, compared: true };

export const FEW: CheckSetting = { work: 'check 10 nodes', nodes: 10, paced: false, compared: false };
export const HUNDRED: CheckSetting = { work: 'check 100 nodes', nodes: 100, paced: false, compared: true };
export const THOUSAND: CheckSetting = { work: 'check 1000 nodes', nodes: 1000, paced: false, compared: true };
/** Servers that answer at once are kind to whoever asks them one after another. */
export const THOUSAND_PACED: CheckSetting = {
  work: "check 1000 nodes at a real server's pace",
  nodes: 1000,
  paced: true,
  compared: true,
};

export const STAND_INS: readonly CheckSetting[] = [FEW, HUNDRED, THOUSAND, THOUSAND_PACED];
export const START_UP = 'start-up';
