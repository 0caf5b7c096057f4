import { useToast } from '@nuxt/ui/composables'
import { START_LOCATION, useRouter } from 'vue-router'
import { useBackend } from './useBackend.ts'

/**
 * A page whose code cannot be had, because the server has a newer dashboard by now or the network was gone for a moment, is
 * opened with the whole dashboard anew. Where that cannot help, because the server is away or it was just done, what is shown
 * stays and the user is told.
 */
export function useLostPages(): void {
  const { connection } = useBackend()
  const router = useRouter()
  const toast = useToast()

  router.onError((_error, to, from) => {
    const open = () => window.location.assign(to.fullPath)
    if (from !== START_LOCATION && connection.value === 'connected') return open()
    toast.add({
      id: 'lost-page',
      title: 'The page could not be loaded',
      description: 'The server did not send it.',
      color: 'error',
      icon: 'i-lucide-circle-x',
      duration: 0,
      actions: [{ label: 'Load it again', onClick: open }],
    })
  })
}
