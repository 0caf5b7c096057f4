import type { AutoUpdateHoldReason } from '../../graphql/generated/graphql.ts'

/** Why an automatic update waits. */
export const holdTitles: Record<AutoUpdateHoldReason, string> = {
  STOPPED: 'Held back: the app is stopped',
  DOCKER_AWAY: 'Held back: Docker does not answer',
  NODE_AWAY: 'Not known here: the node cannot be reached',
  NOT_CHECKED: 'Held back: the registry could not be asked',
  TOO_YOUNG: 'Held back: the newer image is too young',
  FAILED_BEFORE: 'Held back: it failed with the newer image before',
  OUTSIDE_WINDOW: 'Waits for the next window',
  UNKNOWN: 'Held back',
}
