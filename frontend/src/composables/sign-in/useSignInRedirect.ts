import { watch } from 'vue'
import { useRoute, useRouter } from 'vue-router'
import { useServerConnection } from '../shared/useServerConnection.ts'
import type { ServerInfo } from '../shared/useServerInfo.ts'

/** Goes to the sign-in page as soon as the server says that nobody is signed in, and remembers the page to return to. */
export function useSignInRedirect({ viewer }: ServerInfo): void {
  const { access } = useServerConnection()
  const route = useRoute()
  const router = useRouter()

  watch(
    [access, () => route.fullPath],
    () => {
      if (access.value !== 'sign-in' || route.matched.length === 0 || route.path === '/sign-in') return
      const query = {
        ...(viewer.value ? { error: 'ended' } : {}),
        ...(route.fullPath === '/' ? {} : { return_to: route.fullPath }),
      }
      void router.replace({ path: '/sign-in', query })
    },
    { immediate: true },
  )
}
