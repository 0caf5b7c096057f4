import { bounds, tooLong } from '../bounds.ts'
import { AppError, type FieldError } from '../errors.ts'

export const checkDescription = (description: string | null | undefined): FieldError[] =>
  tooLong('description', description, bounds.app.description)

/**
 * A primary keeps no more of one node than this, so a node takes no more in.
 * @param others the other apps of this node
 * @throws CONFLICT
 */
export function checkRoom(others: { composeContent: string }[], content: string): void {
  const { apps, composeBytes } = bounds.node
  if (others.length >= apps) throw new AppError('CONFLICT', `This node has ${apps} apps, the most that it can have`)
  if (others.reduce((sum, other) => sum + other.composeContent.length, content.length) <= composeBytes) return
  const message = `makes all Compose files of this node more than ${composeBytes / 2 ** 20} MiB together`
  throw new AppError('CONFLICT', `composeContent: ${message}`, { fields: [{ field: 'composeContent', message }] })
}
