import { ref } from 'vue'
import { fetchWithBrowserSecret } from '../../utils/shared/browser-secret.ts'
import { useResultToasts } from './useResultToasts.ts'

/** Saves a response as a file. A plain link cannot send the header that proves which browser signed in. */
export function useDownload(name: string, url: () => string) {
  const { failed } = useResultToasts()
  const downloading = ref(false)

  async function download(): Promise<void> {
    downloading.value = true
    try {
      const answer = await fetchWithBrowserSecret(url())
      if (!answer.ok) throw new Error(`The server answered with HTTP status ${answer.status}.`)
      saveFile(await answer.blob(), name)
    } catch (error) {
      const description = error instanceof TypeError ? 'The server did not answer.' : (error as Error).message
      failed({ title: `${name} could not be downloaded`, description })
    } finally {
      downloading.value = false
    }
  }

  return { downloading, download }
}

/** Saves what is here as a file. */
export function saveFile(content: Blob, name: string): void {
  const url = URL.createObjectURL(content)
  const link = Object.assign(document.createElement('a'), { href: url, download: name })
  link.click()
  URL.revokeObjectURL(url)
}
