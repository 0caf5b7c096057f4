import { computed, inject, provide, ref, shallowRef, watch } from 'vue'
import type { InjectionKey } from 'vue'
import { keepTerminals, readKeptTerminals, type ShownTerminal } from '../../utils/terminal/kept-terminal.ts'
import type { TerminalPlace } from '../../utils/terminal/terminal-protocol.ts'

/** One of them, with a key that is new for each. */
export type TabTerminal = ShownTerminal & { key: number }
type TabTerminals = ReturnType<typeof provideTerminal>
const terminalKey: InjectionKey<TabTerminals> = Symbol('terminal')

/** The terminals of this tab of the browser. They are part of the shell, so they stay when people go to another page. */
export function provideTerminal() {
  let made = 0
  const withKey = (terminal: ShownTerminal): TabTerminal => ({ ...terminal, key: (made += 1) })
  const shown = shallowRef(readKeptTerminals().map(withKey))
  const current = ref(shown.value.at(-1)?.key ?? 0)
  const isMinimized = ref(false)

  function show(key: number): void {
    current.value = key
    isMinimized.value = false
  }

  function open(place: TerminalPlace, name: string, command: string[] = []): void {
    const added = withKey({ place, name, command, session: null })
    shown.value = [...shown.value, added]
    show(added.key)
  }

  /** Ends this one, if it still runs, and opens another in its place. */
  function again({ key, place, name }: TabTerminal, command: string[]): void {
    const next = withKey({ place, name, command, session: null })
    shown.value = shown.value.map((each) => (each.key === key ? next : each))
    show(next.key)
  }

  function close(key: number): void {
    const at = shown.value.findIndex((each) => each.key === key)
    shown.value = shown.value.filter((each) => each.key !== key)
    if (current.value === key) current.value = (shown.value[at] ?? shown.value.at(-1))?.key ?? 0
  }

  /** @param session null once it is over */
  function keep(key: number, session: string | null): void {
    shown.value = shown.value.map((each) => (each.key === key ? { ...each, session } : each))
  }

  watch(shown, keepTerminals)
  const terminal = { shown, current, isMinimized, isOpen: computed(() => shown.value.length > 0), show, open, again, close, keep }
  provide(terminalKey, terminal)
  return terminal
}

export function useTerminal(): TabTerminals {
  const terminal = inject(terminalKey)
  if (!terminal) throw new Error('provideTerminal was not called in a parent component')
  return terminal
}
