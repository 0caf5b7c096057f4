import { bounds, tooLong } from '../bounds.ts'
import { AppError, type FieldError } from '../errors.ts'

export const checkDescription = (description: string | null | undefined): FieldError[] =>
  tooLong('description', description, bounds.app.description)

/**
 * A node accepts no more than a primary can keep for one node.
 * @param others this node's other apps
 * @throws CONFLICT
 */
export function refuseTooMuch(others: { composeContent: string }[], content: string): void {
  const { apps, composeBytes } = bounds.node
  if (others.length >= apps) throw new AppError('CONFLICT', `This node has ${apps} apps, which is the maximum`)
  if (others.reduce((sum, other) => sum + other.composeContent.length, content.length) <= composeBytes) return
  const message = `would bring this node's Compose files to more than ${composeBytes / 2 ** 20} MiB in total`
  throw new AppError('CONFLICT', `composeContent: ${message}`, { fields: [{ field: 'composeContent', message }] })
}

export function checkDeadline(seconds: number | null | undefined): FieldError[] {
  if (seconds === null || seconds === undefined) return []
  const isValid = Number.isInteger(seconds) && seconds >= 1 && seconds <= bounds.deadlineSeconds
  return isValid ? [] : [{ field: 'deadlineSeconds', message: `must be a whole number from 1 to ${bounds.deadlineSeconds}` }]
}
