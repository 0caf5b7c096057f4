import { cut } from '../../bounds.ts'
import type { Engine } from '../../docker/engine.types.ts'
import type { AppRow } from '../app.entity.ts'
import type { ContainerFacts } from '../container-facts.ts'
import type { Failure } from './deploys.ts'
import { nameOf } from './service-state.ts'

/** Enough for an error with what led to it; the whole log is in the container. */
const keptLines = 10
const longestLine = 300

export type LastWords = ReturnType<typeof createLastWords>

/**
 * Puts a failure into words, with what the service wrote last.
 *
 * @returns `lines` begins with a blank line, and is empty when nothing was written
 */
export const createLastWords =
  (deps: {
    engine: Pick<Engine, 'lastLines'>
    containersOf: (row: AppRow) => ContainerFacts[]
    maskOf: (row: AppRow) => Promise<(text: string) => string>
  }) =>
  async (row: AppRow, { service, reason }: Failure): Promise<{ reason: string; lines: string }> => {
    const own = deps.containersOf(row).filter((each) => nameOf(each) === service)
    // One that has ended, or is unhealthy, says more than one that is well.
    const worst = own.find(({ state, health }) => state !== 'running' || health === 'unhealthy') ?? own.at(0)
    const written = worst ? await deps.engine.lastLines(worst.id, keptLines).catch(() => []) : []
    const mask = await deps.maskOf(row)
    const shown = written.map((line) => cut(mask(line), longestLine))
    return { reason, lines: shown.length === 0 ? '' : `\n\nThe last lines of ${service}:\n${shown.join('\n')}` }
  }
