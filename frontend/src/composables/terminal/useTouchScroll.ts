import type { Terminal } from '@xterm/xterm'
import { useEventListener } from '@vueuse/core'
import type { Ref } from 'vue'
import { createSwipe } from '../../utils/terminal/swipe.ts'
import { inMode } from '../../utils/terminal/terminal-protocol.ts'

/** A finger that moves over a terminal scrolls it. xterm.js only knows wheels. */
export function useTouchScroll(element: Readonly<Ref<HTMLElement | null>>, terminal: Terminal): void {
  const swipe = createSwipe()

  function scroll(lines: number): void {
    if (terminal.buffer.active.type === 'normal') return terminal.scrollLines(lines)
    // Programs with a screen of their own, such as less, have nothing to scroll back to. They take arrows.
    const arrow = inMode(lines < 0 ? '\u001b[A' : '\u001b[B', terminal.modes.applicationCursorKeysMode)
    terminal.input(arrow.repeat(Math.abs(lines)))
  }

  useEventListener(
    element,
    'touchstart',
    ({ touches }: TouchEvent) => swipe.begin(touches.length === 1 ? (touches[0]?.clientY ?? null) : null),
    {
      passive: true,
    },
  )
  useEventListener(
    element,
    'touchmove',
    (event: TouchEvent) => {
      const [touch] = event.touches
      if (!touch || event.touches.length > 1) return
      const lines = swipe.move(touch.clientY, (element.value?.clientHeight ?? 0) / terminal.rows)
      if (lines === null) return
      if (event.cancelable) event.preventDefault()
      if (lines !== 0) scroll(lines)
    },
    { passive: false },
  )
}
