import { computed } from 'vue'
import { roleNames } from '../utils/access.ts'
import { useServer } from './useServer.ts'

/** Who is looking, in words. */
export function useViewer() {
  const { viewer } = useServer()

  /** Set where the edge says whom it let through. */
  const edgeEmail = computed(() => (viewer.value?.via === 'edge' && viewer.value.name.includes('@') ? viewer.value.name : undefined))
  const name = computed(() => {
    if (viewer.value?.via === 'edge') return edgeEmail.value ?? 'Trusted edge'
    return viewer.value?.name ?? ''
  })

  return {
    viewer,
    name,
    edgeEmail,
    role: computed(() => (viewer.value ? roleNames[viewer.value.role] : '')),
    /** A person with a name, hence with a picture. */
    isPerson: computed(() => viewer.value?.via === 'session' || edgeEmail.value !== undefined),
    isSignedIn: computed(() => viewer.value?.via === 'session'),
  }
}
