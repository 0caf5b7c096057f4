import { useToast } from '@nuxt/ui/composables'
import { readonly, shallowRef } from 'vue'
import { START_LOCATION, useRouter } from 'vue-router'
import { useBackend } from './useBackend.ts'

/**
 * A page whose code cannot be had, because the server has a newer dashboard by now or the network was gone for a moment, is
 * opened with the whole dashboard anew. Where that cannot help the user is told: while the server is away what is shown stays.
 * @returns whether nothing else can be shown: it was just done, or whoever is here has to sign in on the page that is lost
 */
export function useLostPages() {
  const { connection, access } = useBackend()
  const router = useRouter()
  const toast = useToast()
  const isAllLost = shallowRef(false)

  router.onError((_error, to, from) => {
    if (from === START_LOCATION || access.value !== 'granted') isAllLost.value = true
    else if (connection.value === 'connected') window.location.assign(to.fullPath)
    else {
      toast.add({
        id: 'lost-page',
        title: 'The page could not be loaded',
        description: 'Open it again when the connection is back.',
        color: 'error',
        icon: 'i-lucide-circle-x',
      })
    }
  })
  router.afterEach((_to, _from, failure) => {
    if (!failure) isAllLost.value = false
  })
  return { isAllLost: readonly(isAllLost) }
}
