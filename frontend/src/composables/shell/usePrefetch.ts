import { onMounted, onScopeDispose } from 'vue'
import { useRouter } from 'vue-router'
import { rememberedLoaders } from '../../utils/shared/lazy-loaders.ts'
import { useServerConnection } from '../shared/useServerConnection.ts'

type Loader = () => Promise<unknown>

/** What is shown first must not wait for what may be shown later. */
const startAfterMs = 3000

/** Who pays for data says so. Not every browser tells. */
const savesData = (): boolean => (navigator as Navigator & { connection?: { saveData?: boolean } }).connection?.saveData === true

/** Loads the code of the other pages while nothing else is to do, so that they open at once, and without a connection, too. */
export function usePrefetch(): void {
  const router = useRouter()
  const { connection } = useServerConnection()
  let isWanted = true

  async function load(loaders: Loader[]): Promise<void> {
    for (const loader of loaders) {
      if (!isWanted || connection.value !== 'connected') return
      // Opening the page tries it again, and says why it cannot be loaded.
      await loader().catch(() => undefined)
    }
  }

  const pages = (): Loader[] =>
    router.getRoutes().flatMap(({ components }) => {
      const page: unknown = components?.['default']
      return typeof page === 'function' ? [page as Loader] : []
    })

  let timer: ReturnType<typeof setTimeout> | undefined
  onMounted(() => {
    if (savesData()) return
    timer = setTimeout(() => void load(pages()).then(() => load(rememberedLoaders())), startAfterMs)
  })
  onScopeDispose(() => {
    isWanted = false
    clearTimeout(timer)
  })
}
