import { AppError } from '../../errors.ts'
import { missingCapabilities } from '../members/node-about.ts'
import type { ClusterNode } from '../members/node-registry.ts'
import type { Capability } from '../members/node-about.ts'

/** @throws NOT_SUPPORTED with the node's version, if that cannot do what the call needs */
export function needFor<Input extends object>(
  { name, about }: Pick<ClusterNode, 'name' | 'about'>,
  call: { needs?: (input: Input) => Capability | undefined },
  input: Input,
): void {
  const needed = call.needs?.(input)
  if (!needed) return
  const lacks = about === null || missingCapabilities(about).includes(needed)
  if (lacks)
    throw new AppError('NOT_SUPPORTED', `${name} runs ${about?.version ?? 'an unknown version'}, which lacks ${needed}. Update it first`)
}
