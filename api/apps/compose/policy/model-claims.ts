import { buildClaims } from './build-claims.ts'
import { fieldsOf } from './model-values.ts'
import { mountClaims } from './mount-claims.ts'
import { namespaceClaims } from './namespace-claims.ts'
import { networkClaims } from './network-claims.ts'
import type { Claim } from './policy-finding.ts'
import { privilegeClaims } from './privilege-claims.ts'
import type { ExistingVolumes } from './volume-claims.ts'

/**
 * What a resolved model asks for that might reach the host.
 *
 * @param model as printed by `config` of Compose 1.29 or 2, in which paths are absolute
 * @param existing volumes that the Engine has already, because a name can bring in what another app made
 */
export function modelClaims(model: unknown, existing: ExistingVolumes = new Map()): Claim[] {
  const root = fieldsOf(model)
  return Object.entries(fieldsOf(root['services'])).flatMap(([name, service]) => {
    const part = { root, name, service: fieldsOf(service), existing }
    return [...privilegeClaims(part), ...namespaceClaims(part), ...networkClaims(part), ...mountClaims(part), ...buildClaims(part)]
  })
}
