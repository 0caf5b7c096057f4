import { computed, inject, provide } from 'vue'
import type { InjectionKey } from 'vue'
import type { Permission } from '../../../../api/auth/permissions.ts'
import type { ServerInfo } from './useServerInfo.ts'

export type { Permission }

type Permissions = ReturnType<typeof providePermissions>
const permissionsKey: InjectionKey<Permissions> = Symbol('permissions')

/**
 * What the viewer is allowed to do, as the server says. The dashboard hides the rest, and the server refuses it anyway. Called by the app.
 */
export function providePermissions({ viewer }: ServerInfo) {
  const granted = computed(() => new Set<string>(viewer.value?.permissions))
  const permissions = {
    role: computed(() => viewer.value?.role),
    /** True if no permission is needed. */
    can: (permission: Permission | undefined): boolean => permission === undefined || granted.value.has(permission),
  }
  provide(permissionsKey, permissions)
  return permissions
}

export function usePermissions(): Permissions {
  const permissions = inject(permissionsKey)
  if (!permissions) throw new Error('providePermissions was not called in a parent component')
  return permissions
}
