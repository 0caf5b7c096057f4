import type { Clock } from '../../clock.ts'
import { AppError } from '../../errors.ts'
import type { AppRow } from '../app.entity.ts'
import type { ContainerFacts } from '../container-facts.ts'
import type { ContainerWatch } from '../container-watch.ts'
import { judge, type Judgement } from './judge.ts'

export type Verdict = Exclude<Judgement, { verdict: 'waiting' }>

/** One deploy that is being judged. */
export interface JudgedDeploy {
  /** Compose has ended well, so nothing new will come. Resolves when what it left has been read. */
  composeEnded(): Promise<void>
  /** Stays pending when `stop` comes first. */
  verdict: Promise<Verdict>
  stop(): void
}

export interface GateOptions {
  deadlineMs: number | null
  /** Called with each new state that is not a verdict yet, and the moment at which there is one at the latest. */
  onWaiting?: (words: string, share: number, deadline: Date | null) => void
}

export type Gate = ReturnType<typeof createGate>

/**
 * Judges deploys when Docker reports something, and at the moments that the rule names. It asks Docker by itself only before it calls a
 * deploy healthy: a container may just have ended, and the news still be on its way.
 */
export function createGate(deps: {
  clock: Clock
  watch: Pick<ContainerWatch, 'away' | 'refresh'>
  containersOf: (row: AppRow) => ContainerFacts[]
  usualDeadlineMs: number
}) {
  const { clock, watch } = deps
  const looks = new Set<() => void>()

  return {
    /** Docker's containers have changed. */
    look: (): void => looks.forEach((look) => look()),

    /**
     * Reads what runs now. Right after a start of the program nothing is known yet, and a container that Compose stops to replace it
     * would look like one of the deploy's own. @throws DOCKER_UNAVAILABLE
     */
    async ready(): Promise<void> {
      await watch.refresh()
      const away = watch.away()
      if (away !== null) throw new AppError('DOCKER_UNAVAILABLE', away)
    },

    /** Begins to judge a deploy of this app. Call it when `ready`, before Compose changes anything. */
    open(row: AppRow, { deadlineMs, onWaiting }: GateOptions): JudgedDeploy {
      const since = clock.now()
      const starts = new Map(deps.containersOf(row).map((each) => [each.id, startOf(each)]))
      let isStarting = true
      let told = ''
      let isMakingSure = false
      let cancelTimer = (): void => {}
      const { promise: verdict, resolve } = Promise.withResolvers<Verdict>()

      /** Whether Compose has not started it yet. Its restart policy may have, and then it counts restarts. */
      const isFromBefore = (each: ContainerFacts): boolean =>
        starts.has(each.id) && (starts.get(each.id) === startOf(each) || (each.restartCount ?? 0) > 0)

      /** While Compose runs, it may still replace a container that was there before. */
      const isJudged = (each: ContainerFacts): boolean => !each.isOneOff && !(isStarting && isFromBefore(each))

      async function makeSure(): Promise<void> {
        if (isMakingSure) return
        isMakingSure = true
        await watch.refresh().finally(() => (isMakingSure = false))
        if (looks.has(look)) judgeNow(true)
      }

      const look = (): void => judgeNow(false)

      function judgeNow(isSure: boolean): void {
        // What is known of the containers is from before Docker went away.
        if (watch.away() !== null) return
        cancelTimer()
        const containers = deps.containersOf(row).filter(isJudged)
        const { usualDeadlineMs } = deps
        const judgement = judge({ wanted: row.wanted ?? null, containers, since, isStarting, deadlineMs, usualDeadlineMs }, clock.now())
        if (judgement.verdict === 'healthy' && !isSure) return void makeSure()
        if (judgement.verdict !== 'waiting') {
          stop()
          return resolve(judgement)
        }
        if (judgement.words !== told) onWaiting?.(judgement.words, judgement.share, judgement.deadline)
        told = judgement.words
        const wait = judgement.nextLookAt ? judgement.nextLookAt.getTime() - clock.now().getTime() : null
        cancelTimer = wait === null ? () => {} : clock.after(wait, look)
      }

      function stop(): void {
        looks.delete(look)
        cancelTimer()
      }

      looks.add(look)
      return {
        verdict,
        stop,
        async composeEnded() {
          await watch.refresh()
          isStarting = false
          if (looks.has(look)) judgeNow(true)
        },
      }
    },
  }
}

const startOf = ({ startedAt }: ContainerFacts): number | null => startedAt?.getTime() ?? null
