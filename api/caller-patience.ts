import { AsyncLocalStorage } from 'node:async_hooks'
import { watchStandstill, type Clock } from './clock.ts'
import { AppError } from './errors.ts'

/** The header by which a caller says until when it waits, in ms since the epoch by the clock of the node that it calls. */
export const waitsUntilHeader = 'x-waits-until'
/** The header by which a node tells its time with every answer, in ms since the epoch. */
export const nodeTimeHeader = 'x-node-time'

/** A pause of this program longer than this can outlast the caller. */
const pauseMs = 1000

export interface Caller {
  /** Null for a caller that does not say, such as an older version. */
  waitsUntil: number | null
  /** Whether the caller closed the connection or cancelled the request. */
  hasLeft: () => boolean
}

type Check = () => void

const current = new AsyncLocalStorage<Check>()

/** Reads what has already arrived: an end that lies behind the request, on a link after three steps through its streams. */
async function readArrived(): Promise<void> {
  for (let step = 0; step < 3; step += 1) await new Promise<void>((resolve) => void setImmediate(resolve))
}

/**
 * Runs a change for another node only while that node waits for it. A paused program finds old requests in its buffers when it
 * goes on, and their callers were told that they failed. Within `run`, `refuseIfCallerLeft` checks again.
 *
 * @throws NODE_UNREACHABLE if the caller no longer waits
 */
export async function whileCallerWaits<T>({ waitsUntil, hasLeft }: Caller, clock: Clock, run: () => Promise<T>): Promise<T> {
  const isOver = (): boolean => waitsUntil !== null && clock.now().getTime() > waitsUntil
  const refuse = (isLate: boolean): void => {
    if (hasLeft() || isLate)
      throw new AppError('NODE_UNREACHABLE', 'The request came after its sender had stopped waiting, so nothing was changed. Try again')
  }
  await readArrived()
  refuse(isOver())
  const stoodStill = watchStandstill(clock)
  // Preparing a change can take longer than a silent link lives. Without a pause, the link has been heard in the meantime.
  const check = (): void => refuse(stoodStill() > pauseMs && isOver())
  try {
    return await current.run(check, run)
  } finally {
    stoodStill()
  }
}

/** Call right before a change starts. Does nothing for changes that no other node asked for. @throws NODE_UNREACHABLE */
export const refuseIfCallerLeft: Check = () => current.getStore()?.()
