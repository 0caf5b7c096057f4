import { fieldsOf, type Fields } from './model-values.ts'
import type { Claim, PathClaim, PolicyRule, ValueClaim } from './policy-finding.ts'
import type { ExistingVolumes } from './volume-claims.ts'

/** One service of a model, and the model for what it refers to. */
export interface ModelPart {
  root: Fields
  name: string
  service: Fields
  existing: ExistingVolumes
}

type Place = Claim['path']

export const valueClaim = (service: string, rule: PolicyRule, detail: string | null, path: Place, written = detail): ValueClaim => ({
  ...{ service, rule, detail, path },
  written: written ? [written] : [],
})

export const pathClaim = (
  service: string,
  rule: PathClaim['rule'],
  hostPath: string,
  path: Place,
  { isReadOnly = true, written = [], within }: { isReadOnly?: boolean; written?: string[]; within?: string } = {},
): PathClaim => ({ service, rule, hostPath, isReadOnly, path, written: [hostPath, ...written], ...(within && { within }) })

export const serviceNamed = ({ root }: ModelPart, name: string): Fields | null => {
  const services = fieldsOf(root['services'])
  return Object.hasOwn(services, name) ? fieldsOf(services[name]) : null
}
