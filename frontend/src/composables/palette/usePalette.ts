import { useEventListener } from '@vueuse/core'
import { inject, provide, ref } from 'vue'
import type { InjectionKey } from 'vue'
import { useRouter } from 'vue-router'
import { keyCommand } from '../../utils/palette/keys.ts'
import { usePermissions } from '../shared/usePermissions.ts'

type Palette = ReturnType<typeof providePalette>
const paletteKey: InjectionKey<Palette> = Symbol('palette')

/** How long `g` waits for the next key. */
const secondKeyWithinMs = 1500

const fields = 'input, textarea, select, [contenteditable=true], [role=textbox], [role=combobox], [role=listbox], [role=menu], .cm-editor'
const isIn = (target: EventTarget | null, selector: string): boolean => target instanceof Element && target.closest(selector) !== null
const isDialogOpen = (): boolean => document.querySelector('[role=dialog], [role=alertdialog], [role=menu]') !== null

/** The command palette and the keys of the whole dashboard. Called once, by the shell. */
export function providePalette() {
  const open = ref(false)
  const keysOpen = ref(false)
  const router = useRouter()
  const { can } = usePermissions()
  let after: { key: 'g'; at: number } | undefined

  function obey(event: KeyboardEvent): boolean {
    const isRecent = after !== undefined && event.timeStamp - after.at < secondKeyWithinMs
    // What a terminal gets is for the program in it.
    if (isIn(event.target, '.xterm')) return false
    const typing = isIn(event.target, fields) || isDialogOpen()
    const command = keyCommand(event, { typing, after: isRecent ? after?.key : undefined })
    after = command?.kind === 'wait' ? { key: 'g', at: event.timeStamp } : undefined
    switch (command?.kind) {
      case 'palette':
        if (!open.value && isDialogOpen()) return false
        open.value = !open.value
        return true
      case 'keys':
        keysOpen.value = true
        return true
      case 'search': {
        const search = document.querySelector<HTMLInputElement>('main input[type=search]')
        search?.focus()
        return search !== null
      }
      case 'go':
        if (!can(router.resolve(command.to).meta.needs?.permission)) return false
        void router.push(command.to)
        return true
      default:
        return false
    }
  }
  useEventListener(window, 'keydown', (event) => {
    if (!event.defaultPrevented && !event.isComposing && obey(event)) event.preventDefault()
  })

  const palette = { open, keysOpen }
  provide(paletteKey, palette)
  return palette
}

export function usePalette(): Palette {
  const palette = inject(paletteKey)
  if (!palette) throw new Error('providePalette was not called in a parent component')
  return palette
}
