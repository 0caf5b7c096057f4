/** A finger that moves less only taps. */
const tapPixels = 6

/** Turns the way of a finger into lines to scroll. */
export function createSwipe() {
  let startedAt: number | null = null
  let lastAt = 0
  let isSwipe = false

  return {
    /** @param y null if it is none of one finger */
    begin(y: number | null): void {
      startedAt = y
      lastAt = y ?? 0
      isSwipe = false
    },

    /** How many lines to scroll down; null while it may be a tap. */
    move(y: number, lineHeight: number): number | null {
      if (startedAt === null || lineHeight <= 0) return null
      isSwipe ||= Math.abs(y - startedAt) > tapPixels
      if (!isSwipe) return null
      const lines = Math.trunc((lastAt - y) / lineHeight)
      lastAt -= lines * lineHeight
      return lines + 0
    },
  }
}
