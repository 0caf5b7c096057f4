/** Why an app is not updated by itself now. `unknown` stands for a word of a newer version. */
export const holdReasons = [
  'stopped',
  'docker-away',
  'node-away',
  'not-checked',
  'too-young',
  'failed-before',
  'outside-window',
  'unknown',
] as const
export type HoldReason = (typeof holdReasons)[number]
