import type { Clock } from '../../clock.ts'
import { AppError, errorMessage } from '../../errors.ts'
import type { Log } from '../../log.ts'
import type { AppDeploy } from '../app-deploy.ts'
import type { AppRow } from '../app.entity.ts'
import type { OperationRun } from '../operation-run.ts'
import type { AppVersions } from '../versions/app-versions.ts'
import type { AppRecords } from '../app-records.ts'
import type { Gate, JudgedDeploy, Verdict } from './gate.ts'
import type { RunImages } from './run-images.ts'

/** How a deploy is to be judged. */
export interface DeployOptions {
  /** The operation ends with the verdict, and a failed version is rolled back. Otherwise it ends when Compose has. */
  rollback?: boolean | null | undefined
  deadlineSeconds?: number | null | undefined
  /** Newer images were pulled, and are to be used. */
  pull?: boolean | null | undefined
}

/** Why a deploy failed. */
export interface Failure {
  service: string | null
  reason: string
}

export type Deploys = ReturnType<typeof createDeploys>

/** Deploys an app's current version and acts on the verdict: keeps its images when it is healthy, goes back when it is not. */
export function createDeploys(deps: {
  deploy: Pick<AppDeploy, 'up'>
  gate: Gate
  versions: AppVersions
  images: RunImages
  records: Pick<AppRecords, 'has' | 'all'>
  /** Goes back to an earlier version, and always throws: what failed, and what became of it. */
  goBack: (row: AppRow, failure: Failure, run: OperationRun) => Promise<never>
  failedDeploys: Map<string, Date>
  onJudged: (row: AppRow) => void
  clock: Clock
  log: Log
}) {
  const { gate, versions, images, records, log } = deps
  /** Deploys whose operation has ended before their verdict, by app. */
  const followed = new Map<string, JudgedDeploy>()

  function unfollow(appId: string): void {
    followed.get(appId)?.stop()
    followed.delete(appId)
    deps.failedDeploys.delete(appId)
  }

  /** The verdict of a deploy that no operation waits for. A change of the app ends it, and then its version has none. */
  function follow(row: AppRow, deploy: JudgedDeploy): void {
    const number = row.version
    followed.set(row.id, deploy)
    const settle = async (verdict: Verdict): Promise<void> => {
      followed.delete(row.id)
      if (!records.has(row.id) || row.version !== number) return
      if (verdict.verdict === 'healthy') return images.settleHealthy(row)
      deps.failedDeploys.set(row.id, deps.clock.now())
      deps.onJudged(row)
      await versions.settle(row.id, number, 'failed', await images.of(row))
    }
    deploy.verdict.then(settle).catch((error: unknown) => log.error({ err: error, app: row.name }, 'outcome of a deploy not saved'))
  }

  /** Runs Compose and waits for the verdict. @returns why it failed; null when it is healthy */
  async function verdictOf(row: AppRow, deploy: JudgedDeploy, run: OperationRun): Promise<Failure | null> {
    const lost = new AbortController()
    void deploy.verdict.then(() => lost.abort())
    try {
      await deps.deploy.up(row, { ...run, signal: AbortSignal.any([run.signal, lost.signal]) })
      await deploy.composeEnded()
    } catch (error) {
      run.signal.throwIfAborted()
      if (!lost.signal.aborted && !isOfVersion(error)) throw error
      if (!lost.signal.aborted) return { service: null, reason: errorMessage(error) }
    }
    const verdict = await orAbort(run.signal, deploy.verdict)
    return verdict.verdict === 'failed' ? verdict : null
  }

  async function judged(row: AppRow, deadlineSeconds: number | null | undefined, run: OperationRun): Promise<Failure | null> {
    const over = Promise.withResolvers<void>()
    let isCounting = false
    await orAbort(run.signal, gate.ready())
    const deploy = gate.open(row, {
      deadlineMs: msOf(deadlineSeconds),
      onWaiting(words, share, deadline) {
        run.step(50 + Math.floor(share * 45), words)
        // From here on the gate's deadline holds, which can be the later one. Compose waits as long, for what others depend on.
        if (deadline && !isCounting) void run.withoutDeadline(() => over.promise)
        isCounting ||= deadline !== null
      },
    })
    try {
      return await verdictOf(row, deploy, run)
    } finally {
      deploy.stop()
      over.resolve()
    }
  }

  return {
    judged,

    /** Brings the app up as its current version says. */
    async up(row: AppRow, run: OperationRun, { rollback, deadlineSeconds, pull }: DeployOptions = {}): Promise<void> {
      unfollow(row.id)
      await images.pin(row, run, pull ?? false)
      if (rollback) {
        const failure = await judged(row, deadlineSeconds, run)
        if (failure) return deps.goBack(row, failure, run)
        return images.settleHealthy(row)
      }
      await orAbort(run.signal, gate.ready())
      const deploy = gate.open(row, { deadlineMs: msOf(deadlineSeconds) })
      try {
        await deps.deploy.up(row, run)
        await deploy.composeEnded()
      } catch (error) {
        deploy.stop()
        if (isOfVersion(error)) await versions.settle(row.id, row.version, 'failed', await images.of(row))
        throw error
      }
      follow(row, deploy)
    },

    /** Takes what runs already for the current version: remembers its images at once, and judges it if it should run. */
    async adopt(row: AppRow): Promise<void> {
      await versions.settle(row.id, row.version, 'pending', await images.of(row))
      if (row.desiredState !== 'running') return
      const deploy = gate.open(row, { deadlineMs: null })
      follow(row, deploy)
      await deploy.composeEnded()
    },

    /** Another operation changes the app now. */
    unfollow,

    /** Follows the deploys whose verdict was still open when the program ended. */
    async resume(isBusy: (row: AppRow) => boolean): Promise<void> {
      for (const row of records.all()) {
        if (row.desiredState !== 'running' || !row.wanted || isBusy(row)) continue
        if ((await versions.outcomeOf(row.id, row.version)) !== 'pending') continue
        const deploy = gate.open(row, { deadlineMs: null })
        follow(row, deploy)
        await deploy.composeEnded()
      }
    },

    stop: (): void => [...followed.keys()].forEach(unfollow),
  }
}

const msOf = (seconds: number | null | undefined): number | null => (seconds === null || seconds === undefined ? null : seconds * 1000)

/** Whether the version itself is why it cannot be deployed, such as an image that cannot be had. Docker's absence is not. */
function isOfVersion(error: unknown): boolean {
  if (error instanceof AppError) return error.code === 'INVALID_INPUT' || error.code === 'POLICY_VIOLATION'
  return error instanceof Error && error.name === 'ComposeError'
}

/** @throws the signal's reason when it aborts first */
async function orAbort<T>(signal: AbortSignal, result: Promise<T>): Promise<T> {
  const { promise, reject } = Promise.withResolvers<never>()
  const abort = (): void => reject(signal.reason as Error)
  signal.throwIfAborted()
  signal.addEventListener('abort', abort, { once: true })
  return Promise.race([result, promise]).finally(() => signal.removeEventListener('abort', abort))
}
