import { computed, inject, onScopeDispose, provide, shallowRef, watch } from 'vue'
import type { InjectionKey } from 'vue'
import { serverQuery } from '../../graphql/documents/server.ts'
import { useServerConnection } from './useServerConnection.ts'
import { useLiveQuery } from './useLiveQuery.ts'

export type ServerInfo = ReturnType<typeof provideServerInfo>
const serverKey: InjectionKey<ServerInfo> = Symbol('server')

/** Nothing can be shown without an answer, so a failed query is repeated after this. */
const askAgainMs = 3000

/** Asks which server this is and who the viewer is, once for the whole dashboard. Called by the app. */
export function provideServerInfo() {
  const { access } = useServerConnection()
  const { data, problem, retry } = useLiveQuery(serverQuery, {})
  /** Whether the first query is done, with or without an answer. */
  const settled = shallowRef(false)
  let timer: ReturnType<typeof setTimeout> | undefined

  watch([data, problem], () => {
    clearTimeout(timer)
    if (data.value || problem.value) settled.value = true
    // Without access the sign-in page takes over, and it asks by itself.
    if (problem.value && !data.value && access.value === 'granted') timer = setTimeout(retry, askAgainMs)
  })
  onScopeDispose(() => clearTimeout(timer))

  const info = {
    settled,
    retry,
    server: computed(() => data.value?.server),
    /** A secondary's dashboard shows only its own apps. */
    isSecondary: computed(() => data.value?.server.isPrimary === false),
    viewer: computed(() => data.value?.viewer ?? undefined),
  }
  provide(serverKey, info)
  return info
}

/** Which server this is, and who the viewer is. */
export function useServerInfo(): ServerInfo {
  const info = inject(serverKey)
  if (!info) throw new Error('provideServerInfo was not called in a parent component')
  return info
}
