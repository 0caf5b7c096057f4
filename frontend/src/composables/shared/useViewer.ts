import { computed } from 'vue'
import { roleNames } from '../../utils/shared/roles.ts'
import { useServerInfo } from './useServerInfo.ts'

/** The viewer, in words. */
export function useViewer() {
  const { viewer } = useServerInfo()

  /** Set if the edge says who it let through. */
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
    /** Whether the viewer has a name, and so a picture. */
    isPerson: computed(() => viewer.value?.via === 'session' || edgeEmail.value !== undefined),
    isSignedIn: computed(() => viewer.value?.via === 'session'),
  }
}
