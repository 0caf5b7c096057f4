/**
 * Does what a menu's item is for when the menu has gone: a dialog that opens then gives the focus back to the menu's button, and not to
 * an item that is no longer there.
 */
export function useAfterMenu() {
  let chosen: (() => void) | undefined
  return {
    /** For an item's `onSelect`. */
    afterMenu: (work: () => void) => (): void => {
      chosen = work
    },
    /** For the menu's `content`. Its button gets the focus at once, and not a moment later, when the dialog is there. */
    onCloseAutoFocus(event: Event): void {
      if (!chosen) return
      event.preventDefault()
      const menu = event.target instanceof Element ? event.target.querySelector('[role="menu"]') : null
      document.getElementById(menu?.getAttribute('aria-labelledby') ?? '')?.focus()
      chosen()
      chosen = undefined
    },
  }
}
