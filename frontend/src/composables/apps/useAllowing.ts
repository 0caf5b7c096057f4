import { watch } from 'vue'
import type { Ref } from 'vue'
import type { AppValidation } from '../../graphql/items.ts'
import { neededWishes } from '../../utils/apps/findings.ts'

/** What an administrator has ticked to allow with the next save. What the draft no longer asks for is not ticked any more. */
export function useAllowing(wishes: Ref<string[]>, validation: Readonly<Ref<AppValidation | undefined>>): void {
  watch(validation, (now) => {
    if (!now) return
    const needed = neededWishes(now, wishes.value)
    if (needed.length < wishes.value.length) wishes.value = needed
  })
}
