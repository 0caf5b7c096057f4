import '@xterm/xterm/css/xterm.css'
import { FitAddon } from '@xterm/addon-fit'
import { SearchAddon } from '@xterm/addon-search'
import { Terminal } from '@xterm/xterm'
import { useResizeObserver } from '@vueuse/core'
import { onBeforeUnmount, onMounted, watch, type Ref } from 'vue'
import type { TerminalSize } from '../../utils/terminal/terminal-protocol.ts'
import { terminalThemes } from '../../utils/terminal/terminal-themes.ts'
import { useTouchScroll } from './useTouchScroll.ts'
import { useTheme } from '../shared/useTheme.ts'

interface ScreenEvents {
  type: (typed: string) => void
  resize: (size: TerminalSize) => void
  search: () => void
  copy: (text: string) => void
  /** How often the text that is searched for is there, and which of these is shown, from 0; -1 for none. */
  found: (count: number, at: number) => void
  /** It has its size. */
  ready: () => void
}

const options = {
  ...{ fontFamily: "'Geist Mono Variable', ui-monospace, monospace", fontSize: 14, scrollback: 10_000, cursorBlink: true },
  // What is found is marked, which xterm.js calls a proposal.
  allowProposedApi: true,
  // Programs cannot make links.
  linkHandler: { activate: () => undefined },
}

/** Of what is found, and of what of it is shown. */
const searchColours = {
  dark: {
    ...{ matchBackground: '#713f12', activeMatchBackground: '#b45309' },
    ...{ matchOverviewRuler: '#facc15', activeMatchColorOverviewRuler: '#f97316' },
  },
  light: {
    ...{ matchBackground: '#fef08a', activeMatchBackground: '#fdba74' },
    ...{ matchOverviewRuler: '#ca8a04', activeMatchColorOverviewRuler: '#ea580c' },
  },
}

/** Keys that the browser or the dashboard handles, though a program could. @returns whether the program gets it */
function passesKey(terminal: Terminal, event: KeyboardEvent, on: ScreenEvents): boolean {
  if (event.type !== 'keydown' || !(event.ctrlKey || event.metaKey) || event.altKey) return true
  const key = event.key.toLowerCase()
  // With Shift, the browser would open its tools. Here it copies, as in every terminal.
  if (key === 'c' && event.shiftKey) {
    event.preventDefault()
    if (terminal.hasSelection()) on.copy(terminal.getSelection())
    return false
  }
  // Ctrl and C is for the program, unless a text is selected. The browser copies, which it also does without HTTPS.
  if (key === 'c' && terminal.hasSelection()) {
    setTimeout(() => terminal.clearSelection())
    return false
  }
  if (key === 'f' && event.shiftKey) {
    event.preventDefault()
    on.search()
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

/** Fits the terminal into its element. */
function sizer(element: Readonly<Ref<HTMLElement | null>>, terminal: Terminal) {
  const addon = new FitAddon()
  terminal.loadAddon(addon)

  /** Out of sight it has no size. */
  function fit(): void {
    if (element.value && element.value.offsetWidth > 0) addon.fit()
  }

  return {
    fit,
    measureAgain(): void {
      if (!terminal.element) return
      terminal.options.fontFamily = 'monospace'
      terminal.options.fontFamily = options.fontFamily
      fit()
    },
  }
}

/** Searches in what was written. */
function searcher(terminal: Terminal, isDark: Readonly<Ref<boolean>>, onFound: ScreenEvents['found']) {
  const addon = new SearchAddon()
  terminal.loadAddon(addon)
  addon.onDidChangeResults(({ resultCount, resultIndex }) => onFound(resultCount, resultIndex))

  return {
    /** `found` is told how often the text is there. @param isTyping the text changes, so it is searched from the end again */
    find(text: string, isBackwards: boolean, isTyping: boolean): void {
      if (text === '') return addon.clearDecorations()
      if (isTyping) terminal.clearSelection()
      const how = { decorations: searchColours[isDark.value ? 'dark' : 'light'] }
      void (isBackwards ? addon.findPrevious(text, how) : addon.findNext(text, how))
    },
    endSearch: (): void => addon.clearDecorations(),
  }
}

/** The screen of a terminal in an element. */
export function useScreen(element: Readonly<Ref<HTMLElement | null>>, on: ScreenEvents) {
  const { isDark } = useTheme()
  const themeNow = () => ({ ...terminalThemes[isDark.value ? 'dark' : 'light'] })
  const terminal = new Terminal({ ...options, theme: themeNow() })
  const { write, isReplaying } = writer(terminal)

  const sizing = sizer(element, terminal)
  const search = searcher(terminal, isDark, on.found)

  terminal.onData((typed) => {
    if (!isReplaying()) on.type(typed)
  })
  terminal.onResize(({ cols, rows }) => on.resize({ cols, rows }))
  terminal.attachCustomKeyEventHandler((event) => passesKey(terminal, event, on))

  onMounted(() => {
    if (!element.value) return
    terminal.open(element.value)
    sizing.fit()
    terminal.focus()
    on.ready()
    // Until it is there, the cells are measured by another font.
    void document.fonts.load(`${options.fontSize}px ${options.fontFamily}`).then(sizing.measureAgain)
  })
  useResizeObserver(element, sizing.fit)
  useTouchScroll(element, terminal)
  watch(isDark, () => (terminal.options.theme = themeNow()))
  onBeforeUnmount(() => terminal.dispose())

  return {
    write,
    size: (): TerminalSize => ({ cols: terminal.cols, rows: terminal.rows }),
    reset: (): void => terminal.reset(),
    focus: (): void => terminal.focus(),
    text: (): string => textOf(terminal),
    isApplicationMode: (): boolean => terminal.modes.applicationCursorKeysMode,
    paste: (text: string): void => terminal.paste(text),
    ...search,
  }
}
