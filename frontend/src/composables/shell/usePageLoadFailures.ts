import { readonly, shallowRef } from 'vue'
import { START_LOCATION, useRouter } from 'vue-router'
import { useResultToasts } from '../shared/useResultToasts.ts'
import { useServerConnection } from '../shared/useServerConnection.ts'

/**
 * Handles a page whose code cannot be loaded, because the server has a newer dashboard or the network failed for a moment.
 * Reloads the whole dashboard at that page. While the server is away that cannot help, so the current page stays and a toast says
 * why.
 * @returns whether nothing else can be shown: the first page failed to load, or it is the page to sign in on
 */
export function usePageLoadFailures() {
  const { connection, access } = useServerConnection()
  const router = useRouter()
  const { failed } = useResultToasts()
  const isNothingShown = shallowRef(false)

  router.onError((_error, to, from) => {
    if (from === START_LOCATION || access.value !== 'granted') isNothingShown.value = true
    else if (connection.value === 'connected') window.location.assign(to.fullPath)
    else {
      failed({
        id: 'page-not-loaded',
        title: 'The page could not be loaded',
        description: 'Open it again when the connection is back.',
      })
    }
  })
  router.afterEach((_to, _from, failure) => {
    if (!failure) isNothingShown.value = false
  })
  return { isNothingShown: readonly(isNothingShown) }
}
