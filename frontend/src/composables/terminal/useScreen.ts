import '@xterm/xterm/css/xterm.css'
import { FitAddon } from '@xterm/addon-fit'
import { SearchAddon } from '@xterm/addon-search'
import { Terminal } from '@xterm/xterm'
import { useResizeObserver } from '@vueuse/core'
import { onBeforeUnmount, onMounted, watch, type Ref } from 'vue'
import type { TerminalSize } from '../../utils/terminal/terminal-protocol.ts'
import { terminalThemes } from '../../utils/terminal/terminal-themes.ts'
import { useTheme } from '../shared/useTheme.ts'

interface ScreenEvents {
  type: (typed: string) => void
  resize: (size: TerminalSize) => void
  search: () => void
  /** It has its size. */
  ready: () => void
}

const options = {
  ...{ fontFamily: "'Geist Mono Variable', ui-monospace, monospace", fontSize: 14, scrollback: 10_000, cursorBlink: true },
  // Programs cannot make links.
  linkHandler: { activate: () => undefined },
}

/** Keys that the browser or the dashboard handles, though a program could. @returns whether the program gets it */
function passesKey(terminal: Terminal, event: KeyboardEvent, onSearch: () => void): boolean {
  if (event.type !== 'keydown' || !(event.ctrlKey || event.metaKey) || event.altKey) return true
  const key = event.key.toLowerCase()
  // Ctrl and C is for the program, unless a text is selected. The browser copies, which it also does without HTTPS.
  if (key === 'c' && terminal.hasSelection()) {
    setTimeout(() => terminal.clearSelection())
    return false
  }
  if (key === 'f' && event.shiftKey) {
    event.preventDefault()
    onSearch()
    return false
  }
  // The browser pastes.
  return !(key === 'v' && (event.shiftKey || event.metaKey))
}

/** Earlier output asks the terminal again what it was asked then. Nobody waits for these answers any longer. */
function writer(terminal: Terminal) {
  let replayed = 0
  return {
    isReplaying: (): boolean => replayed > 0,
    write(bytes: Uint8Array, isReplayed: boolean): void {
      if (!isReplayed) return terminal.write(bytes)
      replayed += 1
      terminal.write(bytes, () => (replayed -= 1))
    },
  }
}

/** What is selected, or else everything that was written. */
function textOf(terminal: Terminal): string {
  if (terminal.hasSelection()) return terminal.getSelection()
  terminal.selectAll()
  const all = terminal.getSelection()
  terminal.clearSelection()
  return all.trimEnd()
}

/** The screen of a terminal in an element. */
export function useScreen(element: Readonly<Ref<HTMLElement | null>>, on: ScreenEvents) {
  const { isDark } = useTheme()
  const themeNow = () => ({ ...terminalThemes[isDark.value ? 'dark' : 'light'] })
  const terminal = new Terminal({ ...options, theme: themeNow() })
  const [fit, find] = [new FitAddon(), new SearchAddon()]
  const { write, isReplaying } = writer(terminal)

  terminal.loadAddon(fit)
  terminal.loadAddon(find)
  terminal.onData((typed) => {
    if (!isReplaying()) on.type(typed)
  })
  terminal.onResize(({ cols, rows }) => on.resize({ cols, rows }))
  terminal.attachCustomKeyEventHandler((event) => passesKey(terminal, event, on.search))

  onMounted(() => {
    if (!element.value) return
    terminal.open(element.value)
    fit.fit()
    terminal.focus()
    on.ready()
  })
  useResizeObserver(element, () => fit.fit())
  watch(isDark, () => (terminal.options.theme = themeNow()))
  onBeforeUnmount(() => terminal.dispose())

  return {
    write,
    size: (): TerminalSize => ({ cols: terminal.cols, rows: terminal.rows }),
    reset: (): void => terminal.reset(),
    focus: (): void => terminal.focus(),
    text: (): string => textOf(terminal),
    isApplicationMode: (): boolean => terminal.modes.applicationCursorKeysMode,
    /** @returns whether the text is there */
    find: (text: string, isBackwards: boolean): boolean => (isBackwards ? find.findPrevious(text) : find.findNext(text)),
  }
}
