import { invalidInput } from '../errors.ts'
import type { NodeLimit } from './caller.ts'

/** More sets than anyone keeps apart, and more labels than a node has. */
const most = 20

/** Label sets as people write them, such as `env=lab,team=web`. */
export const nodeLimitWords = (limit: NodeLimit): string[] | null =>
  limit?.map((set) =>
    Object.entries(set)
      .map(([key, value]) => `${key}=${value}`)
      .join(','),
  ) ?? null

/**
 * Reads label sets. Null and an empty list mean every node.
 *
 * @throws INVALID_INPUT for `nodeLimit`
 */
export function readNodeLimit(sets: readonly string[] | null | undefined): NodeLimit {
  if (!sets || sets.length === 0) return null
  if (sets.length > most) throw invalidInput([{ field: 'nodeLimit', message: `must have at most ${most} sets of labels` }])
  return sets.map(readSet)
}

function readSet(text: string): Record<string, string> {
  const pairs = text.split(',').map((pair) => /^\s*([^=,[\];\s]{1,63})=([^=,[\];\s]{1,63})\s*$/.exec(pair))
  if (pairs.length > most || pairs.some((pair) => !pair)) {
    throw invalidInput([
      { field: 'nodeLimit', message: `must be labels such as env=lab or env=lab,team=web, but has "${text.slice(0, 100)}"` },
    ])
  }
  return Object.fromEntries(pairs.map((pair) => [pair?.[1] ?? '', pair?.[2] ?? '']))
}
