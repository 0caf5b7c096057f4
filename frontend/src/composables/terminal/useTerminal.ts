import { inject, provide, ref, shallowRef, watch } from 'vue'
import type { InjectionKey } from 'vue'
import { keepTerminal, readKeptTerminal } from '../../utils/terminal/kept-terminal.ts'
import type { TerminalPlace } from '../../utils/terminal/terminal-protocol.ts'

type TabTerminal = ReturnType<typeof provideTerminal>
const terminalKey: InjectionKey<TabTerminal> = Symbol('terminal')

/** The terminal of this tab. It is part of the shell, so it stays when people go to another page. */
export function provideTerminal() {
  const shown = shallowRef(readKeptTerminal())
  const isOpen = ref(shown.value !== null)
  /** Another number for each terminal. */
  const round = ref(0)

  function open(place: TerminalPlace, name: string, command: string[] = []): void {
    shown.value = { place, name, command, session: null }
    round.value += 1
    isOpen.value = true
  }

  /** @param session null once it is over */
  function keep(session: string | null): void {
    if (shown.value) shown.value = { ...shown.value, session }
  }

  watch([shown, isOpen], () => keepTerminal(isOpen.value ? shown.value : null))
  const terminal = { shown, isOpen, round, open, keep }
  provide(terminalKey, terminal)
  return terminal
}

export function useTerminal(): TabTerminal {
  const terminal = inject(terminalKey)
  if (!terminal) throw new Error('provideTerminal was not called in a parent component')
  return terminal
}
