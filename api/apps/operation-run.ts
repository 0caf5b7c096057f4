import type { Clock } from '../clock.ts'
import type { ComposeProblem } from './compose-problem.ts'
import { withLine, withWarning } from './operation-bounds.ts'
import type { Operation } from './operation.ts'

/** What an operation's work can report, and the signal it must obey. */
export interface OperationRun {
  /** Aborts on cancel, at the deadline and on shutdown. */
  signal: AbortSignal
  /** Adds one line of output. */
  line(text: string): void
  /** Adds a warning that does not stop the operation. Repeated warnings are kept once. */
  warn(warning: ComposeProblem): void
  step(progress: number, message: string): void
  /** Waits for something that ends by a deadline of its own. The operation's deadline begins again afterwards. */
  withoutDeadline<T>(wait: () => Promise<T>): Promise<T>
}

/** Output goes to readers and the database in batches, because an image pull prints hundreds of lines per second. */
const bundleMs = 150

/** Lets running work report to its operation. `onReport` is called for each batch of reports. */
export function createOperationRun(deps: {
  operation: Operation
  signal: AbortSignal
  /** Hides the app's secrets. */
  mask: (text: string) => string
  onReport: () => void
  clock: Clock
  withoutDeadline: OperationRun['withoutDeadline']
}): OperationRun {
  const { operation, signal, mask } = deps
  /** Exact value; `operation.progress` is rounded down. */
  let exact = 0
  let isBundling = false

  function reported(): void {
    if (isBundling) return
    isBundling = true
    deps.clock.after(bundleMs, () => {
      isBundling = false
      deps.onReport()
    })
  }

  return {
    signal,
    withoutDeadline: deps.withoutDeadline,
    line(text) {
      operation.output = withLine(operation.output, mask(text))
      // The number of lines is unknown, so each line adds a small part of what is left. A long build never looks finished.
      exact += Math.max(0, 90 - exact) / 40
      operation.progress = Math.floor(exact)
      reported()
    },
    warn(warning) {
      operation.warnings = withWarning(operation.warnings, { ...warning, message: mask(warning.message) })
      reported()
    },
    step(progress, message) {
      exact = progress
      Object.assign(operation, { progress, message: mask(message) })
      reported()
    },
  }
}
