import type { ButtonProps } from '@nuxt/ui'
import { useToast } from '@nuxt/ui/composables'
import type { Problem } from '../../graphql/problem.ts'
import type { Outcome } from './useMutate.ts'

export interface ResultToast {
  title: string
  description?: string
  /** A later toast with the same id replaces this one. */
  id?: string
  icon?: string
  color?: 'success' | 'warning' | 'error'
  actions?: ButtonProps[]
}

/** Shows toasts that report how an action ended. */
export function useResultToasts() {
  const toast = useToast()
  const succeeded = (result: ResultToast): void => void toast.add({ color: 'success', icon: 'i-lucide-check', ...result })
  const failed = (result: ResultToast): void => void toast.add({ color: 'error', icon: 'i-lucide-circle-x', ...result })

  /** Reports success. A refusal is left to the caller, which shows it where people asked. */
  function refusalOf(outcome: Outcome<unknown>, success: ResultToast): Problem | undefined {
    if (!outcome.ok) return outcome.problem
    succeeded(success)
    return undefined
  }

  return { succeeded, failed, refusalOf }
}
