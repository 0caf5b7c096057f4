import { createHash } from 'node:crypto'
import type { ComposeProject } from '../../../docker/engine.types.ts'
import { isFields } from './model-values.ts'

/**
 * Tells two models apart. Secrets are hidden before, so the hash of a short one cannot be searched for, and a draft's folder
 * counts as the app's.
 */
export function modelHash(model: unknown, { directory, mask }: Pick<ComposeProject, 'directory' | 'mask'>): string {
  const text = JSON.stringify(ordered(model)).replaceAll(JSON.stringify(directory).slice(1, -1), '.')
  return createHash('sha256')
    .update(mask?.(text) ?? text)
    .digest('hex')
}

/** Compose prints keys in an order of its own. */
function ordered(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(ordered)
  if (!isFields(value)) return value
  return Object.fromEntries(
    Object.keys(value)
      .sort()
      .map((key) => [key, ordered(value[key])]),
  )
}
