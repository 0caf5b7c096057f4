import type { Clock } from '../../clock.ts'
import type { Engine } from '../../docker/engine.types.ts'
import type { OperationRun } from '../operation-run.ts'

const askEveryMs = 1000

/** For work that goes on after a start: after a power cut, Docker may start later than this program. @throws when `run` is aborted */
export async function untilDockerAnswers(
  { engine, clock }: { engine: Engine; clock: Clock },
  { signal, step }: OperationRun,
): Promise<void> {
  const answers = (): Promise<boolean> =>
    engine.info().then(
      () => true,
      () => false,
    )
  while (!(await answers())) {
    signal.throwIfAborted()
    step(0, 'Waiting for Docker')
    await new Promise<void>((resolve) => void clock.after(askEveryMs, resolve))
  }
}
