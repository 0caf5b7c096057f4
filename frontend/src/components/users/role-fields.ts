import type { FormError } from '@nuxt/ui'
import type { Role } from '../../graphql/generated/graphql.ts'

/** What a form for a role holds. `nodeLimit` counts only with `labeled`. */
export interface RoleFieldsState {
  role: Role
  reach: 'every' | 'labeled'
  nodeLimit: string[]
}

export const roleFieldsOf = (role: Role, limit: string[] | null): RoleFieldsState => ({
  role,
  reach: limit === null ? 'every' : 'labeled',
  nodeLimit: [...(limit ?? [])],
})

export const givenRole = ({ role, reach, nodeLimit }: RoleFieldsState): { role: Role; nodeLimit: string[] | null } => ({
  role,
  nodeLimit: reach === 'every' ? null : nodeLimit,
})

export const roleFieldErrors = ({ reach, nodeLimit }: RoleFieldsState): FormError[] =>
  reach === 'labeled' && nodeLimit.length === 0
    ? [{ name: 'nodeLimit', message: 'Enter a label such as env=lab, or choose every node' }]
    : []
